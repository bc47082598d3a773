/** The defect of silent-empty, put into a history: a success that is empty while its upstream refused. */
import type { Declared } from "../history/declared.ts";
import type { HistoryEvent, Stamp } from "../history/events.ts";
import type { Shape } from "../history/shape.ts";
import type { Plant } from "./check.ts";

/** Adds one op after a real one of the fault phase. `behind`: links to upstreams, with their servers. */
export function plantEmptyAnswer(declared: Declared, behind: ReadonlyMap<string, string>): Plant {
  const roles = new Map(declared.phases.map(({ phase, role }) => [phase, role]));
  const links = new Map([...behind].map(([link, server]) => [server, link]));
  const skipped = new Set(
    declared.steps.filter((step) => step.mayBeEmpty).map(({ group, step }) => `${group}.${step}`),
  );
  const started = new Map<string, Extract<HistoryEvent, { type: "op-started" }>>();
  let phase = "";
  let planted = false;

  return (event) => {
    if (planted) return undefined;
    if (event.type === "phase" && event.edge === "start") phase = event.phase;
    if (event.type === "op-started") started.set(event.op, event);
    if (event.type !== "op-ended") return undefined;
    const original = started.get(event.op);
    started.delete(event.op);
    if (original === undefined || original.phase !== phase || roles.get(phase) !== "fault") return undefined;
    const link = links.get(original.server);
    if (link === undefined || skipped.has(`${original.group}.${original.step}`)) return undefined;
    planted = true;
    return [event, ...emptyOp(original, link, event)];
  };
}

function emptyOp(
  original: Extract<HistoryEvent, { type: "op-started" }>,
  link: string,
  { id, atUs }: Stamp,
): readonly HistoryEvent[] {
  const op = `${original.op}~planted`;
  const at = (n: number): Stamp => ({ id: `${id}~planted${n}`, atUs });
  const empty: Shape = { form: "json", filled: [], hollow: ["$"] };
  return [
    { ...original, ...at(1), op },
    {
      type: "exchange",
      ...at(2),
      link,
      connection: 0,
      ops: [op],
      method: "GET",
      path: "/",
      startedUs: atUs,
      ended: "refused",
      bytesUp: 0,
      bytesDown: 0,
    },
    { type: "attempt", ...at(3), op, attempt: 1, startedUs: atUs, class: "ok", outcome: "ok", answer: empty },
    { type: "op-ended", ...at(4), op, outcome: "ok" },
  ];
}
