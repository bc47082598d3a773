/**
 * Calls whose callers have closed their connection in the middle of them, and what their server made of that. Whether
 * that was a cancel depends on the revision that was spoken.
 */
import { disconnectCancels, type ProtocolVersion } from "../history/protocol.ts";
import {
  attemptOf,
  endOf,
  gaveUpsOf,
  wasLetGo,
  type GaveUp,
  type ImpatientOp,
  type Limits,
  type OwnExchange,
} from "./orphaned-work.ts";

/** A row of a ledger, as far as it matters here. */
export interface Row {
  readonly id: string;
  readonly committedUs: number;
  /** Its ledger's owner knew that nobody waited for it any more. */
  readonly afterHangup: boolean;
}

export interface CutCall {
  readonly op: string;
  readonly server: string;
  readonly tool: string;
  readonly revision: ProtocolVersion;
  readonly cutUs: number;
  readonly gaveUp: GaveUp;
  readonly is:
    /** The work behind it went on until it was done. */
    | "went-on"
    /** It ended because its caller had gone. */
    | "dropped"
    /** It went on, and had its effect only then. */
    | "committed"
    /** Nobody can tell. */
    | "unclear";
  /** So long the server had waited for its upstream when it let go. */
  readonly waitedUs: number;
  readonly row?: Row;
}

export interface Grounds extends Limits {
  readonly revisionOf: (server: string) => ProtocolVersion | undefined;
  readonly rowOf: (op: string) => Row | undefined;
  /** For so long a server was seen to wait for an upstream when it was asked for this tool: each may have its own deadline. */
  readonly patienceOf: (tool: string) => number;
  /** No upstream of its own is known, so its effects are all that tells. */
  readonly actsAlone: (server: string) => boolean;
}

/** Whether this is how a caller disconnects that gives up, in this revision. */
function disconnects(onTimeout: GaveUp["policy"], revision: ProtocolVersion): boolean {
  return onTimeout === (disconnectCancels(revision, "http") ? "cancel" : "close");
}

export function cutCallsOf(op: ImpatientOp, grounds: Grounds): readonly CutCall[] {
  const revision = grounds.revisionOf(op.server);
  if (revision === undefined || !op.heard) return [];
  const cancels = disconnectCancels(revision, "http");
  return gaveUpsOf(op, grounds).flatMap((gaveUp): CutCall[] => {
    if (!disconnects(gaveUp.policy, revision)) return [];
    const row = cancels ? committedLate(op, gaveUp, grounds) : undefined;
    const { server, tool, gaveUpUs: cutUs } = gaveUp;
    const call = { op: op.op, server, tool, revision, cutUs, gaveUp, ...endingOf(op, gaveUp, { ...grounds, cancels }) };
    return [row === undefined ? call : { ...call, is: "committed", row }];
  });
}

/** What was on its way when the caller went may arrive however late: it counts only while its server still held it. */
function committedLate(op: ImpatientOp, gaveUp: GaveUp, { rowOf, stopUs, actsAlone }: Grounds): Row | undefined {
  const row = rowOf(op.op);
  if (row === undefined || row.afterHangup || row.committedUs <= gaveUp.gaveUpUs + stopUs) return undefined;
  // A later attempt may have done it.
  if (op.attempts.some(({ startedUs }) => startedUs > gaveUp.startedUs)) return undefined;
  return gaveUp.work.is === "left" || actsAlone(op.server) ? row : undefined;
}

/** Whoever lets go so soon after the caller has gone does it because of that. */
const promptUs = 1_000_000;

function endingOf(
  op: ImpatientOp,
  gaveUp: GaveUp,
  grounds: Grounds & { readonly cancels: boolean },
): Pick<CutCall, "is" | "waitedUs"> {
  const { gaveUpUs: cutUs } = gaveUp;
  const attempt = op.attempts.find(({ startedUs }) => startedUs === gaveUp.startedUs)?.attempt;
  const waiting = op.own.filter(
    (exchange) =>
      !exchange.shared &&
      attemptOf(exchange, op.attempts) === attempt &&
      exchange.startedUs <= cutUs &&
      endOf(exchange) > cutUs,
  );
  const waitedUs = Math.max(0, ...waiting.map((exchange) => endOf(exchange) - exchange.startedUs));
  return { is: waiting.length === 0 ? "unclear" : howItEnded(gaveUp, waiting, { ...grounds, waitedUs }), waitedUs };
}

function howItEnded(
  { work, tool, gaveUpUs }: GaveUp,
  waiting: readonly OwnExchange[],
  { cancels, patienceOf, waitedUs }: Grounds & { readonly cancels: boolean; readonly waitedUs: number },
): CutCall["is"] {
  if (work.is === "left") return "went-on";
  const isLetGo = work.is === "stopped" && waiting.every(wasLetGo);
  // What is answered so soon after a cancel has won the race.
  if (cancels) return isLetGo ? "dropped" : "unclear";
  if (waiting.every(({ ended, leftUs }) => ended === "answered" && leftUs === undefined)) return "went-on";
  // A deadline of its own ends work as well.
  const isPrompt = waiting.every((exchange) => endOf(exchange) - gaveUpUs <= promptUs);
  return isLetGo && isPrompt && waitedUs < patienceOf(tool) ? "dropped" : "unclear";
}
