/** What a server that Squall starts is told in its variables, arguments and files: links, and where the files are. */
import { z } from "zod";
import type { Finding, Path } from "./mistakes.ts";
import { suggest } from "./mistakes.ts";
import { eachLinkOnce } from "./egress.ts";
import type { ScenarioOutput } from "./schema.ts";
import type { Survey, SurveyedServer } from "./survey.ts";
import { partsIn } from "./template.ts";

export interface ScenarioFile {
  readonly file: string;
  readonly text: string;
}

const fileName = /^[A-Za-z0-9_][\w.-]{0,63}$/;

export const filesSchema = z.record(
  z.string().regex(fileName, {
    error: 'expected the name of a file: at most 64 letters, digits, ".", "-" and "_"',
  }),
  z.union([z.string(), z.strictObject({ template: z.string().describe("a file, seen from the scenario's folder") })], {
    error: 'expected the text of the file, or { template: "a file that holds it" }',
  }),
);

interface Texts {
  readonly command?: unknown;
  readonly env?: unknown;
  readonly files?: unknown;
}

function toldTexts({ command, env, files }: Texts): unknown {
  return { command, env, files };
}

export function toldLinks(server: string, texts: Texts): { readonly upstream: string; readonly link: string }[] {
  return eachLinkOnce(
    partsIn(toldTexts(texts)).flatMap(({ part }) =>
      part.is === "link" ? [{ upstream: part.upstream, link: `${server}->${part.upstream}` }] : [],
    ),
  );
}

/** A template has been put in its place when the scenario was loaded. */
export function filesOf({ files = {} }: ScenarioOutput["servers"][string]): ScenarioFile[] {
  return Object.entries(files).flatMap(([file, text]) => (typeof text === "string" ? [{ file, text }] : []));
}

/** Links and files that are not there, and files that nobody is told of. */
export function toldFindings({ path, value }: SurveyedServer, { upstreams }: Survey): Finding[] {
  if (value === undefined) return [];
  const names = upstreams.map(({ name }) => name);
  const files = Object.keys(value.files ?? {});
  const parts = partsIn(toldTexts(value), path);
  const found = parts.flatMap(({ path: at, part, offset }): Finding[] => {
    if (part.is === "link" && !names.includes(part.upstream)) {
      return [
        { path: at, offset, says: `there is no upstream "${part.upstream}"`, hint: suggest(part.upstream, names) },
      ];
    }
    if (part.is !== "file" || isIn(at, [...path, "files"]) || files.includes(part.name)) return [];
    const hint = files.length === 0 ? `write it under files: { "${part.name}": … }` : suggest(part.name, files);
    return [{ path: at, says: `there is no file "${part.name}"`, hint }];
  });
  const told = new Set(parts.flatMap(({ part }) => (part.is === "file" ? [part.name] : [])));
  const untold = files.filter((file) => !told.has(file));
  return [
    ...found,
    ...untold.map((file): Finding => {
      const hint = `put \${files.${file}} into command or env`;
      return {
        path: [...path, "files", file],
        atKey: true,
        says: "is of no use: the server is not told where it is",
        hint,
      };
    }),
  ];
}

function isIn(path: Path, folder: Path): boolean {
  return folder.every((step, index) => path[index] === step);
}
