/**
 * The calls that ran out of patience. Of very many only a part is followed, spread evenly over the run, and all whose
 * work was seen to go on; how many that leaves out is known.
 */
import type { ImpatientOp } from "./orphaned-work.ts";

export interface FollowedCalls {
  readonly add: (op: ImpatientOp, wentOn: boolean) => void;
  readonly find: (op: string) => ImpatientOp | undefined;
  /** In the order in which they came. */
  readonly all: () => readonly ImpatientOp[];
  /** Of those whose work was not seen to go on one in so many is followed. */
  readonly oneIn: () => number;
  /** Work was seen to go on, but there was no room for more of that. */
  readonly leftOut: () => number;
}

// Each is about a kilobyte.
const followedMax = 5_000;

export function followCalls(most = followedMax): FollowedCalls {
  const usual = new Map<string, { readonly turn: number; readonly op: ImpatientOp }>();
  const suspects = new Map<string, { readonly turn: number; readonly op: ImpatientOp }>();
  let turns = 0;
  let oneIn = 1;
  let leftOut = 0;

  const addUsual = (op: ImpatientOp): void => {
    if (turns % oneIn !== 0) return;
    usual.set(op.op, { turn: turns, op });
    if (usual.size <= most) return;
    oneIn *= 2;
    for (const [name, { turn }] of usual) if (turn % oneIn !== 0) usual.delete(name);
  };

  return {
    add: (op, wentOn) => {
      turns += 1;
      if (!wentOn) addUsual(op);
      else if (suspects.size < most) suspects.set(op.op, { turn: turns, op });
      else leftOut += 1;
    },
    find: (op) => (suspects.get(op) ?? usual.get(op))?.op,
    all: () => [...suspects.values(), ...usual.values()].toSorted((a, b) => a.turn - b.turn).map(({ op }) => op),
    oneIn: () => oneIn,
    leftOut: () => leftOut,
  };
}
