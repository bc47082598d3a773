/**
 * What a server that Squall starts is told before it starts: where its links to upstreams begin, its egress gateway, and
 * the files that are written for it.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { filesFolder } from "../engines/lease-files.ts";
import type { ScenarioServer } from "../scenario/resolve.ts";
import { linkText, renderText, type Opened } from "../scenario/template.ts";
import { openEgress } from "./egress.ts";
import { seenThrough } from "./replica-entry.ts";
import type { OpenLinkTo, StageOptions } from "./stage.ts";

export interface Told extends Opened {
  /** On top of those that the scenario writes out. */
  readonly variables: Readonly<Record<string, string>>;
}

export async function openServerLinks(
  options: StageOptions,
  server: ScenarioServer,
  {
    openLinkTo,
    calleeOf,
  }: {
    readonly openLinkTo: OpenLinkTo;
    readonly calleeOf: (upstream: string) => { readonly url: URL; readonly protocol: "http" | "tcp" };
  },
): Promise<Told> {
  const links = new Map<string, URL>();
  const open = async ({ link, upstream }: { readonly link: string; readonly upstream: string }): Promise<URL> => {
    // However often it is named, a server has one link to an upstream.
    const known = links.get(upstream);
    if (known !== undefined) return known;
    const { url, protocol } = calleeOf(upstream);
    const begins = seenThrough(url, await openLinkTo(link, url, protocol));
    links.set(upstream, begins);
    return begins;
  };
  const variables: Record<string, string> = {};
  for (const { variable, upstream, link } of server.upstreams) {
    const begins = await open({ upstream, link });
    // Nothing is spelled tcp:// but in a scenario.
    variables[variable] = begins.protocol === "tcp:" ? begins.host : linkText(begins, "url");
  }
  for (const told of server.toldLinks) await open(told);
  Object.assign(variables, await openEgress(options, server, { open, own: [...links.values()] }));
  return { variables, links, files: await writeFiles(options, server, links) };
}

/** In the lease, so that whatever ends the run ends them too: they may hold passwords. */
async function writeFiles(
  { lease, world }: Pick<StageOptions, "lease" | "world">,
  { name, files }: ScenarioServer,
  links: Opened["links"],
): Promise<Opened["files"]> {
  const written = new Map<string, string>();
  if (files.length === 0) return written;
  const folder = join(filesFolder(lease), name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { file, text } of files) {
    const path = join(folder, file);
    await writeFile(path, renderText(text, world.env, { links, files: written }), { mode: 0o600 });
    written.set(file, path);
  }
  return written;
}
