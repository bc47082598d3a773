/** What `drift` has to say of tools that are not what they were listed as. */
import { counted } from "../units.ts";
import { witnessesMax, type Finding } from "./check.ts";
import type { ListedAgain, SeenChange } from "./listed-again.ts";
import type { ToolChange } from "./tool-changes.ts";

/** Calls of a tool at one step that were refused for what they asked, after others were ok, from one listing to the next. */
export interface Refused {
  /** When tools were listed last before. */
  readonly sinceUs: number;
  readonly step: string;
  /** When tools were listed last before the server had told these callers that its list changed, if it had. */
  readonly toldSinceUs: number | undefined;
  count: number;
  /** The first few of each. */
  readonly ops: string[];
  readonly events: string[];
}

export interface Sides {
  readonly sessionless: ReadonlySet<string>;
  /** By server.Tool. */
  readonly refused: ReadonlyMap<string, readonly Refused[]>;
}

export function driftFindings(listed: readonly ListedAgain[], sides: Sides): Finding[] {
  return listed.flatMap((of) => [
    ...variesFinding(of, sides),
    ...brokenFindings(of, sides),
    ...mildFinding(of, "meaning"),
    ...mildFinding(of, "harmless"),
  ]);
}

function variesFinding({ server, varies }: ListedAgain, { sessionless }: Sides): Finding[] {
  if (varies === undefined) return [];
  const isBanned = sessionless.has(server);
  const asked = `${varies.sessions} sessions that asked at the same time`;
  return [
    {
      grade: isBanned ? "violation" : "weakness",
      blames: "server",
      says: `${server} told ${asked} different things of its tools${some(varies.changes)}`,
      why: isBanned
        ? "A list must not depend on the connection over which it is asked for: a client that is led to another replica calls tools that are not there, or with arguments that are wrong there."
        : "A client that is led to another replica calls tools that are not there, or with arguments that are wrong there.",
      fix: "Have all replicas run the same version, and let a list depend on who asks and on nothing else.",
      witness: { events: [varies.id], ops: [] },
    },
  ];
}

function brokenFindings({ server, changes, seen }: ListedAgain, { refused }: Sides): Finding[] {
  const breaking = changes.filter(({ is }) => is === "breaking");
  const hurt = breaking.map((change) => ({
    change,
    calls: refusedAfter(refused.get(`${server}.${change.tool}`), change.before.atUs),
  }));
  const felt = hurt.filter(({ calls }) => calls.count > 0);
  const unfelt = hurt.filter(({ calls }) => calls.count === 0).map(({ change }) => change);
  return [...feltFinding(server, felt), ...mildFinding({ server, changes: unfelt, seen }, "breaking")];
}

interface Calls {
  readonly count: number;
  readonly ops: readonly string[];
  readonly events: readonly string[];
}

/**
 * A step that was refused before as well asks what is wrong at times, and nobody can tell its refusals apart. Who was told
 * of the change and goes by the old list is not the server's to keep.
 */
function refusedAfter(all: readonly Refused[] = [], atUs: number): Calls {
  const usual = new Set(all.flatMap(({ sinceUs, step }) => (sinceUs < atUs ? [step] : [])));
  const after = all.filter(({ step, toldSinceUs = -1 }) => !usual.has(step) && toldSinceUs < atUs);
  return {
    count: after.reduce((sum, { count }) => sum + count, 0),
    ops: after.flatMap(({ ops }) => ops),
    events: after.flatMap(({ events }) => events),
  };
}

function feltFinding(
  server: string,
  felt: readonly { readonly change: SeenChange; readonly calls: Calls }[],
): Finding[] {
  const [first] = felt;
  if (first === undefined) return [];
  // Several changes of one tool hurt the same calls.
  const byTool = new Map(felt.map(({ change, calls }) => [change.tool, calls]));
  const count = [...byTool.values()].reduce((sum, calls) => sum + calls.count, 0);
  const { before, at } = first.change;
  return [
    {
      grade: "violation",
      blames: "server",
      says: `${counted(count, "call")} of ${server} ${count === 1 ? "was" : "were"} refused that asked what was right before${some(felt.map(({ change }) => change))}`,
      why: "A client lists tools once and goes by that: from the change on its calls fail, until somebody restarts it.",
      fix: "Take what was right before as well, or bring the change as a tool with another name; and send notifications/tools/list_changed.",
      witness: {
        events: [before.id, at.id, ...[...byTool.values()].flatMap(({ events }) => events)].slice(0, witnessesMax),
        ops: [...byTool.values()].flatMap(({ ops }) => ops).slice(0, witnessesMax),
      },
    },
  ];
}

const mild = {
  breaking: {
    grade: "weakness",
    says: "has changed its tools so that what was right before is so no more, though no call is known to have failed that was not told of it",
    why: "A client lists tools once and goes by that: its next calls of these fail.",
    fix: "Take what was right before as well, or bring the change as a tool with another name.",
  },
  meaning: {
    grade: "weakness",
    says: "has changed what its tools say of themselves",
    why: "A model goes by these words, and a person has agreed to a tool as it was: a tool that is trusted can be turned into another one so.",
    fix: "Keep them for as long as a version runs; clients that care pin them, and ask again when they change.",
  },
  harmless: {
    grade: "info",
    says: "has changed its tools, so that all that was right before still is",
    why: "Clients that do not list again do not learn of it.",
    fix: "Nothing has to be done; notifications/tools/list_changed tells clients that something is new.",
  },
} as const satisfies Readonly<Record<ToolChange["is"], Pick<Finding, "grade" | "says" | "why" | "fix">>>;

function mildFinding(
  { server, changes }: Pick<ListedAgain, "server" | "changes" | "seen">,
  is: ToolChange["is"],
): Finding[] {
  const of = changes.filter((change) => change.is === is);
  const [first] = of;
  if (first === undefined) return [];
  const { grade, says, why, fix } = mild[is];
  const since = first.at.phase === "" ? "" : `, first seen in ${first.at.phase}`;
  return [
    {
      grade,
      blames: "server",
      says: `${server} ${says}${since}${some(of)}`,
      why,
      fix,
      witness: { events: [first.before.id, first.at.id], ops: [] },
    },
  ];
}

const shownMax = 3;

function some(changes: readonly ToolChange[]): string {
  if (changes.length === 0) return "";
  const words = changes.slice(0, shownMax).map(({ says }) => says);
  const more = changes.length - words.length;
  return `: ${words.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}
