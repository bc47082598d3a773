/** The targets that come with Squall. To add one: its file in fixtures/, and its entry here. */
import { extname, join } from "node:path";
import type { World } from "../world.ts";
import type { TargetRole } from "./target.ts";

export interface Fixture {
  readonly name: string;
  readonly role: TargetRole;
  readonly about: string;
  /** The file that Node runs. */
  readonly entry: string;
  /** What it is started with, whatever the scenario adds. */
  readonly env: Readonly<Record<string, string>>;
  /** The defects that DEFECTS may plant in it. */
  readonly defects: readonly string[];
  /** Where on it the ledger of effects is read. */
  readonly ledger?: string;
  /** It keeps sessions in a file that all its replicas share. */
  readonly sharesSessions?: true;
}

const cloudDefects = [
  "swallow-errors",
  "eager-retry",
  "ignore-request-id",
  "ignore-cancel",
  "ignore-disconnect",
  "disconnect-cancels",
  "die-on-reset",
  "refuse-resume",
  "replay-foreign",
  "lose-tail",
  "deliver-twice",
] as const;

const notebookDefects = ["sessions-in-memory", "unknown-session-400"] as const;

const workshopDefects = ["tasks-in-memory", "trust-state"] as const;

const relayDefects = [
  "shared-context",
  "drifting-schema",
  "progress-falls-back",
  "progress-after-answer",
  "progress-to-others",
] as const;

// Set even where it is the default: the targets also get our own environment, and many shells export a PORT.
const own = { PORT: "0", DEFECTS: "", TRANSPORT: "http" };

export const fixtures: readonly Fixture[] = [
  {
    name: "cloud-api",
    role: "upstream",
    about: "The cloud's own API, with a ledger of every limit request that it has committed.",
    entry: entryOf("cloud-api"),
    env: own,
    defects: [],
    ledger: "/_control/ledger",
  },
  {
    name: "cloud",
    role: "server",
    about: "An MCP server in front of cloud-api; DEFECTS says what is wrong with it.",
    entry: entryOf("cloud"),
    env: own,
    defects: cloudDefects,
  },
  {
    name: "cloud-naive",
    role: "server",
    about: "The cloud server with every defect.",
    entry: entryOf("cloud"),
    env: { ...own, DEFECTS: cloudDefects.join(",") },
    defects: cloudDefects,
  },
  {
    name: "cloud-hardened",
    role: "server",
    about: "The cloud server with no defect.",
    entry: entryOf("cloud"),
    env: own,
    defects: [],
  },
  {
    name: "notebook",
    role: "server",
    about: "An MCP server whose sessions hold notes, in a store that its replicas share unless DEFECTS says otherwise.",
    entry: entryOf("notebook"),
    env: own,
    defects: notebookDefects,
    sharesSessions: true,
  },
  {
    name: "relay",
    role: "server",
    about:
      "An MCP server that hands tokens from call to call, with a resource and a prompt; keeps nothing, by default.",
    entry: entryOf("relay"),
    env: own,
    defects: relayDefects,
  },
  {
    name: "workshop",
    role: "server",
    about: "An MCP server of 2026-07-28 with a task that outlives its process and a tool that asks before it acts.",
    entry: entryOf("workshop"),
    env: own,
    defects: workshopDefects,
    sharesSessions: true,
  },
  {
    name: "broker",
    role: "server",
    about: "An MCP server that hands calls on to another one, and tries each as often as ATTEMPTS says.",
    entry: entryOf("broker"),
    env: own,
    defects: [],
  },
  {
    name: "rows",
    role: "server",
    about: "An MCP server over rows with optimistic locking: of many who write one row at once, one succeeds.",
    entry: entryOf("rows"),
    env: own,
    defects: [],
  },
];

export function fixtureNamed(name: string): Fixture {
  const found = fixtures.find((fixture) => fixture.name === name);
  if (found === undefined) throw new Error(`no fixture ${name}`);
  return found;
}

export function commandOf(fixture: Fixture, world: World): readonly [string, string] {
  return [world.execPath, fixture.entry];
}

/** Built, the fixtures lie beside the rooms of src; as sources, beside src itself. */
function entryOf(name: string): string {
  const extension = extname(import.meta.filename);
  const folder = extension === ".ts" ? ["..", "..", "fixtures"] : ["..", "fixtures"];
  return join(import.meta.dirname, ...folder, `${name}${extension}`);
}
