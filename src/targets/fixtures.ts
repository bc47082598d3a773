/** The fixtures that scenarios may name: servers and upstreams of our own, some with defects on purpose. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { TargetEvent } from "../history/events.ts";

export interface Fixture {
  readonly name: string;
  readonly role: TargetEvent["role"];
  readonly about: string;
  /** The program's file. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
  /** Defects that a scenario may choose; none where the name already says which it has. */
  readonly defects: readonly string[];
  /** Where the ledger of its effects is read. */
  readonly ledger?: string;
}

const cloudDefects = ["swallow-errors", "eager-retry", "ignore-request-id", "ignore-cancel", "die-on-reset"] as const;
const cloud = { role: "server", entry: entryOf("cloud") } as const;

export const fixtures: readonly Fixture[] = [
  {
    name: "cloud-api",
    role: "upstream",
    about: "An HTTP API with resources, limits and a ledger of the limit requests it has made.",
    entry: entryOf("cloud-api"),
    env: {},
    defects: [],
    ledger: "/_control/ledger",
  },
  {
    ...cloud,
    name: "cloud",
    about: `An MCP server in front of cloud-api, with the defects it is given: ${cloudDefects.join(", ")}.`,
    env: {},
    defects: cloudDefects,
  },
  {
    ...cloud,
    name: "cloud-naive",
    about: "The same with every defect.",
    env: { DEFECTS: cloudDefects.join(",") },
    defects: [],
  },
  { ...cloud, name: "cloud-hardened", about: "The same without any defect.", env: { DEFECTS: "" }, defects: [] },
];

export function fixtureNamed(name: string): Fixture {
  const found = fixtures.find((fixture) => fixture.name === name);
  if (found === undefined) throw new Error(`no fixture ${name}`);
  return found;
}

/** Beside the sources a fixture is TypeScript; in the package it is built into dist/fixtures. */
function entryOf(program: string): string {
  const ending = extname(import.meta.filename);
  const folder = ending === ".ts" ? "../../fixtures" : "../fixtures";
  return fileURLToPath(new URL(`${folder}/${program}${ending}`, import.meta.url));
}
