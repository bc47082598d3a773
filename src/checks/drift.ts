/**
 * Who has listed a server's tools goes by that: what a tool takes, gives and says of itself stays, and everybody is told
 * the same. A change that makes calls fail which were right before is the server's defect, whoever has deployed it.
 */
import type { EventOf, HistoryEvent } from "../history/events.ts";
import type { Listing } from "../history/listing.ts";
import { isProtocolVersion, isSessionless } from "../history/protocol.ts";
import type { OpRecord } from "../history/records.ts";
import { callsTool } from "../history/declared.ts";
import { refusesCall } from "../history/refusals.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, witnessesMax, type Judgement, type Plant } from "./check.ts";
import { driftFindings, type Refused } from "./drift-findings.ts";
import { followListings, type ListedAgain, type ListedAgainFold } from "./listed-again.ts";
import { followStaleLists, type StaleListsFold } from "./stale-lists.ts";
import { linksBeforeServers, wasAnsweredByFault } from "./made-by-faults.ts";

interface State {
  readonly linksBefore: ReadonlySet<string>;
  readonly listings: ListedAgainFold;
  readonly staleLists: StaleListsFold;
  /** Servers that speak a revision in which a list must not depend on who asks over which connection. */
  readonly sessionless: Set<string>;
  /** By server.Tool, of steps whose calls were ok before. */
  readonly refused: Map<string, Refused[]>;
  readonly taken: Set<string>;
  /** When tools were listed, in order. */
  readonly listedUs: number[];
  /** When a server told an agent last that its list changed, in order. */
  readonly toldUs: Map<string, number[]>;
}

export const drift = defineCheck({
  name: "drift",
  about: "Tools stay as they were listed: no call that was right is refused because its tool has changed meanwhile.",
  nature: "invariant",
  isBystander: true,
  notApplicable: ({ steps }) => (steps.some(callsTool) ? undefined : "no step calls a tool"),

  start: ({ declared }): State => ({
    linksBefore: linksBeforeServers(declared),
    listings: followListings(declared),
    staleLists: followStaleLists(declared),
    sessionless: new Set(
      declared.servers.flatMap(({ server, protocol }) =>
        protocol !== undefined && isSessionless(protocol) ? [server] : [],
      ),
    ),
    refused: new Map(),
    taken: new Set(),
    listedUs: [],
    toldUs: new Map(),
  }),

  on: (record, state) => {
    state.listings.on(record);
    state.staleLists.on(record);
    if (record.type === "session" && record.edge === "opened") {
      const { protocolVersion, server } = record;
      if (isProtocolVersion(protocolVersion) && isSessionless(protocolVersion)) state.sessionless.add(server);
    }
    if (record.type === "tools-listed") state.listedUs.push(record.atUs);
    if (record.type === "list-changed" && record.list === "tools") {
      const { group, agent, server, atUs } = record;
      const key = `${group}.${agent} ${server}`;
      state.toldUs.set(key, [...(state.toldUs.get(key) ?? []), atUs].slice(-toldMax));
    }
    if (record.type === "op") follow(record, state);
  },

  end: (state): Judgement => {
    const listed = state.listings.end();
    const findings = [...driftFindings(listed, state), ...state.staleLists.end(listed)];
    const looked = listed.reduce((sum, { seen, tools }) => sum + (seen.length > 1 ? tools : 0), 0);
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    const because = doubtOf(listed);
    if (because !== undefined) return { verdict: "unknown", because, ...judged };
    return { verdict: "pass", ...judged, strength: strengthOf(listed, looked) };
  },

  plant: () => plantDrift(),
});

/** Of one agent and one server; ops are told late, but not that late. */
const toldMax = 20;

function follow(record: OpRecord, { linksBefore, taken, refused, listedUs, toldUs }: State): void {
  const { op, started, outcome, attempts } = record;
  if (!callsTool(started)) return;
  const name = `${started.server}.${started.tool}`;
  const step = `${started.group}.${started.step}`;
  if (outcome === "ok") taken.add(`${name} ${step}`);
  if (!taken.has(`${name} ${step}`) || wasAnsweredByFault(record, linksBefore)) return;
  const attempt = attempts.find(refusesCall);
  if (attempt === undefined) return;
  const listedBefore = (us: number): number => listedUs.findLast((atUs) => atUs < us) ?? 0;
  const sinceUs = listedBefore(attempt.atUs);
  const told = toldUs.get(`${started.group}.${started.agent} ${started.server}`);
  const lastToldUs = told?.findLast((atUs) => atUs < attempt.startedUs);
  const toldSinceUs = lastToldUs === undefined ? undefined : listedBefore(lastToldUs);
  const all = refused.get(name) ?? [];
  refused.set(name, all);
  const known = all.find((one) => one.sinceUs === sinceUs && one.step === step && one.toldSinceUs === toldSinceUs);
  const of = known ?? { sinceUs, step, toldSinceUs, count: 0, ops: [], events: [] };
  if (known === undefined) all.push(of);
  of.count += 1;
  if (of.ops.length === witnessesMax) return;
  of.ops.push(op);
  of.events.push(attempt.id);
}

function doubtOf(listed: readonly ListedAgain[]): string | undefined {
  const first = listed.find(({ seen }) => seen.length < 2);
  if (first === undefined) return undefined;
  const why = first.failed === undefined ? "" : `: ${first.failed}`;
  return `the tools of ${first.server} were listed ${first.seen.length === 0 ? "at no time before the phases" : "only once"}${why}`;
}

function strengthOf(listed: readonly ListedAgain[], looked: number): string {
  const changed = new Set(listed.flatMap(({ server, changes }) => changes.map(({ tool }) => `${server}.${tool}`)));
  const times = listed.reduce((sum, { seen }) => sum + seen.length, 0);
  return `${changed.size} of ${counted(looked, "tool")} changed in ${counted(times, "listing")}`;
}

/**
 * Later each tool has a field more that it must be given, other sessions were told so from the beginning, and whatever a
 * tool answers after its first answer is a refusal.
 */
function plantDrift(): Plant {
  const drifted = new Map<string, Listing>();
  const toolOf = new Map<string, string>();
  const taken = new Set<string>();
  return (event: HistoryEvent) => {
    switch (event.type) {
      case "session":
        return event.edge === "opened" ? [{ ...event, protocolVersion: "2026-07-28" }] : undefined;
      case "tools-listed":
        return plantedListing(event, drifted);
      case "op-started":
        if (event.kind === undefined) toolOf.set(event.op, `${event.server}.${event.tool}`);
        return undefined;
      case "op-ended":
        toolOf.delete(event.op);
        return undefined;
      case "attempt": {
        const tool = event.class === "ok" ? toolOf.get(event.op) : undefined;
        if (tool === undefined || !taken.has(tool)) {
          if (tool !== undefined) taken.add(tool);
          return undefined;
        }
        const { answer: _, ...rest } = event;
        return [{ ...rest, class: "rpc-error", outcome: "failed", rpcCode: -32602 }];
      }
      default:
        return undefined;
    }
  };
}

function plantedListing(
  event: EventOf<"tools-listed">,
  drifted: Map<string, Listing>,
): readonly HistoryEvent[] | undefined {
  const { server, listing } = event;
  if (event.failed !== undefined) return undefined;
  const known = drifted.get(server);
  if (known !== undefined) return [{ ...event, listing: known }];
  if (listing === undefined) return undefined;
  const other = withField(listing);
  drifted.set(server, other);
  return [{ ...event, sessions: 2, others: [other] }];
}

function withField({ entries, ...listing }: Listing): Listing {
  return {
    ...listing,
    digest: `${listing.digest}+`,
    entries: entries.map((entry) => ({
      ...entry,
      parts: { ...entry.parts, inputSchema: "planted" },
      takes: { ...entry.takes, planted: { required: true } },
    })),
  };
}
