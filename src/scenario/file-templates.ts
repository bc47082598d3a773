/** Files whose text a scenario keeps beside itself: each is read before anything is looked at, and stands in its place. */
import { resolve } from "node:path";
import type { Mistake } from "../errors.ts";
import { textOf } from "./document.ts";
import { formatPath, type Finding } from "./mistakes.ts";
import { isMap, mapAt } from "./survey.ts";

export interface Templated {
  readonly raw: unknown;
  readonly findings: readonly Finding[];
  /** A finding about what such a file says, as a mistake there. */
  readonly placed: (finding: Finding) => Mistake | undefined;
}

export async function withTemplates(raw: unknown, home: string): Promise<Templated> {
  const findings: Finding[] = [];
  const read = new Map<string, { readonly file: string; readonly text: string }>();
  const servers: Record<string, unknown> = {};
  for (const [server, value] of Object.entries(mapAt(mapAt(raw)["servers"]))) {
    const files: Record<string, unknown> = {};
    for (const [file, said] of Object.entries(mapAt(mapAt(value)["files"]))) {
      const { template } = mapAt(said);
      if (typeof template !== "string") continue;
      const path = ["servers", server, "files", file];
      const text = await textOf(resolve(home, template));
      if (typeof text === "string") {
        files[file] = text;
        read.set(formatPath(path), { file: template, text });
      } else findings.push({ path: [...path, "template"], says: text.says });
    }
    servers[server] =
      Object.keys(files).length === 0
        ? value
        : { ...mapAt(value), files: { ...mapAt(mapAt(value)["files"]), ...files } };
  }
  return {
    raw: read.size === 0 || !isMap(raw) ? raw : { ...raw, servers },
    findings,
    placed: ({ path, says, hint, offset }) => {
      const where = formatPath(path);
      const from = offset === undefined ? undefined : read.get(where);
      if (from === undefined) return undefined;
      const before = from.text.slice(0, offset).split("\n");
      const place = { file: from.file, line: before.length, column: (before.at(-1) ?? "").length + 1 };
      return { path: where, says, ...(hint === undefined ? {} : { hint }), ...place };
    },
  };
}
