/** What is done to one call of a client: the same to the real one and to the profile that imitates it. */
import type { LinkFaultKind, PreparedFault } from "../../src/faults/kinds.ts";
import { httpStatus } from "../../src/faults/http-status.ts";
import { lostAnswer } from "../../src/faults/lost-answer.ts";
import { rpcError } from "../../src/faults/rpc-error.ts";
import { sseCut } from "../../src/faults/sse-cut.ts";
import { toolError } from "../../src/faults/tool-error.ts";

export interface Stimulus {
  readonly name: string;
  /** Nothing takes connections any more. */
  readonly isRefused?: true;
  /** The server knows its sessions no more. */
  readonly losesSessions?: true;
  readonly fault?: PreparedFault;
  /** It may take as long as anybody's patience. */
  readonly hangs?: true;
}

const once = { count: 1 };

export const stimuli: readonly Stimulus[] = [
  { name: "nothing" },
  fault("500, always", httpStatus, { status: 500 }),
  fault("504 once, and the server has acted", httpStatus, { status: 504, acts: true, ...once }),
  fault("429 once, with Retry-After: 3", httpStatus, { status: 429, retryAfter: "3s", ...once }),
  fault("404 once", httpStatus, { status: 404, ...once }),
  fault("a reset in place of one answer", lostAnswer, { instead: "reset", ...once }),
  fault("a close in place of one answer", lostAnswer, { instead: "close", ...once }),
  fault("a JSON-RPC error, always", rpcError, {}),
  fault("a tool's error, always", toolError, {}),
  { name: "a lost session", losesSessions: true },
  { name: "a refused connection", isRefused: true },
  { ...fault("an event stream that is cut once", sseCut, once), hangs: true },
  { ...fault("an answer that hangs, once", lostAnswer, { instead: "hang", ...once }), hangs: true },
];

function fault(name: string, kind: LinkFaultKind, attributes: object): Stimulus {
  return { name, fault: kind.prepare(attributes) };
}
