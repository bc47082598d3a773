/** How far servers say that they are: of an attempt that asks for it, and of what nobody waits for. Only ever counted. */

/** A server may tell it a thousand times a second, so no single notification is kept. */
export interface ProgressSeen {
  readonly count: number;
  /** After the attempt's start. Absent: none came. */
  readonly firstUs?: number;
  readonly lastUs?: number;
  /** Values that were no higher than the one before. */
  readonly notUp?: NotUp;
}

export interface NotUp {
  readonly count: number;
  /** How many of them came on one stream with the value before, so that nothing on the way can have turned them round. */
  readonly inOrder: number;
  /** The first few. */
  readonly first: readonly { readonly before: number; readonly value: number }[];
}

/**
 * `answered`: its request had been answered; `left`: its caller had stopped waiting, and a server need not know; `foreign`:
 * it was given to another agent; `unknown`: nobody in this session had given it; `malformed`: no token, or no number.
 */
export type StrayKind = "answered" | "left" | "foreign" | "unknown" | "malformed";

/** Progress for no request that is open; written at the first, and at the end of its session for all that followed. */
export interface StrayProgress {
  readonly type: "stray-progress";
  readonly group: string;
  readonly agent: number;
  readonly server: string;
  readonly is: StrayKind;
  readonly count: number;
  /** Whose token it was. */
  readonly op?: string;
  readonly attempt?: number;
  /** It came on the stream of its own answer, behind that, so nothing on the way can have turned them round. */
  readonly inOrder?: true;
}

/** What an attempt of ours is told by: no other in the run has it, so that what reaches another agent can be told. */
export function progressToken(op: string, attempt: number): string {
  return `${op}.${attempt}`;
}

const tokens = /^([0-9a-f]+\.[A-Za-z0-9_-]+\.\d+)\.\d+\.\d+\.\d+$/;

/** The agent whose token it is, as the first parts of its ops' ids; undefined where it is none of ours. */
export function agentOfToken(token: string): string | undefined {
  return tokens.exec(token)?.[1];
}

export function ofToken(token: string): Pick<StrayProgress, "op" | "attempt"> {
  const at = token.lastIndexOf(".");
  return { op: token.slice(0, at), attempt: Number(token.slice(at + 1)) };
}
