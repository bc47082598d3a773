/**
 * The ops of one server in one recovery phase: twenty bytes for one that was ok, some sixty for another. What happened
 * to each is judged only once the whole history is known.
 */
import { openColumn } from "../history/column.ts";
import { openOpTable } from "../history/op-table.ts";
import { outcomeClasses, type OutcomeClass } from "../history/outcomes.ts";

/** Why an op that was not ok says nothing of the server. */
export type Excuse =
  /** It lacked its input or the time: what came before it in its chain took that away. */
  | "not-run"
  | "upstream"
  | "closed-way"
  | "asked-to-wait"
  | "next-fault"
  /** The server had ended the session, or ended itself and was coming back: the next call opens another. */
  | "session"
  | "restarting";

const excuses = [
  "not-run",
  "upstream",
  "closed-way",
  "asked-to-wait",
  "next-fault",
  "session",
  "restarting",
] as const satisfies readonly Excuse[];
const cameAs = ["ok", "bad", ...excuses] as const;

/** What is kept of an op until the whole history is known. */
export interface Kept {
  readonly op: string;
  readonly tool: string;
  readonly agent: string;
  readonly intendedUs: number;
  readonly came: (typeof cameAs)[number];
  /** Of an op that was not ok. */
  readonly class?: OutcomeClass;
  readonly fromUs: number;
  readonly toUs: number;
  /** The server said that it would be of no use to call before. */
  readonly waitUntilUs: number;
  /** What went wrong behind the server may have been this op's trouble: nobody can tell whose it was. */
  readonly unseenBehind: boolean;
}

export interface RecoveryOps {
  readonly add: (op: Kept) => void;
  /** What became known of an op only after its record was closed. */
  readonly excuse: (op: string, excuse: "upstream" | "closed-way") => void;
  /** With an intended start from then on, in order of it. */
  readonly from: (fromUs: number) => readonly Kept[];
}

// TypeScript takes the keys of any object for strings.
const classes = Object.keys(outcomeClasses) as OutcomeClass[];

export function openRecoveryOps(): RecoveryOps {
  const tools = openNames();
  const agents = openNames();
  const [intended, agentOf, toolAndCame, amissOf] = [column("double"), column("word"), column("word"), column("word")];
  const amiss = openAmiss();
  let count = 0;

  const keptAt = (row: number): Kept => {
    const about = toolAndCame.get(row);
    const number = amissOf.get(row);
    const tool = tools.nameOf(Math.floor(about / cameAs.length));
    const agent = agents.nameOf(agentOf.get(row));
    const own = { tool, agent, intendedUs: intended.get(row) };
    if (number === 0) return { ...own, ...wentWell };
    const came = cameAs[about % cameAs.length] ?? "bad";
    return { ...own, came: came === "bad" ? amiss.cameOf(number - 1) : came, ...amiss.at(number - 1) };
  };

  return {
    add: (op) => {
      intended.set(count, op.intendedUs);
      agentOf.set(count, agents.numberOf(op.agent));
      toolAndCame.set(count, tools.numberOf(op.tool) * cameAs.length + cameAs.indexOf(op.came));
      if (op.came !== "ok") amissOf.set(count, 1 + amiss.add(op));
      count += 1;
    },
    excuse: amiss.excuse,
    from: (fromUs) => {
      const rows: number[] = [];
      for (let row = 0; row < count; row += 1) if (intended.get(row) >= fromUs) rows.push(row);
      return rows.sort((a, b) => intended.get(a) - intended.get(b)).map(keptAt);
    },
  };
}

const wentWell = { op: "", came: "ok", fromUs: 0, toUs: 0, waitUntilUs: 0, unseenBehind: false } as const;

/** The rest about ops that were not ok. */
function openAmiss() {
  const ops = openOpTable();
  const [from, to] = [column("double"), column("double")];
  // Few are told to wait.
  const waitUntil = new Map<number, number>();
  const [about, excused] = [column("byte"), column("byte")];
  return {
    add: (op: Kept): number => {
      const number = ops.numberOf(op.op);
      from.set(number, op.fromUs);
      to.set(number, op.toUs);
      if (op.waitUntilUs > op.toUs) waitUntil.set(number, op.waitUntilUs);
      // One more than there are: no class at all.
      const is = op.class === undefined ? classes.length : classes.indexOf(op.class);
      about.set(number, is * 2 + (op.unseenBehind ? 1 : 0));
      return number;
    },
    excuse: (op: string, excuse: "upstream" | "closed-way"): void => {
      const number = ops.find(op);
      if (number !== undefined) excused.set(number, 1 + excuses.indexOf(excuse));
    },
    cameOf: (number: number): Kept["came"] => excuses[excused.get(number) - 1] ?? "bad",
    at: (number: number) => {
      const is = classes[Math.floor(about.get(number) / 2)];
      return {
        op: ops.opOf(number),
        ...(is === undefined ? {} : { class: is }),
        fromUs: from.get(number),
        toUs: to.get(number),
        waitUntilUs: waitUntil.get(number) ?? Number.NEGATIVE_INFINITY,
        unseenBehind: about.get(number) % 2 === 1,
      };
    },
  };
}

const column = openColumn;

function openNames() {
  const numbers = new Map<string, number>();
  const names: string[] = [];
  return {
    numberOf: (name: string): number => {
      const number = numbers.get(name) ?? names.push(name) - 1;
      numbers.set(name, number);
      return number;
    },
    nameOf: (number: number): string => names[number] ?? "",
  };
}
