/** The exit codes of the command line: a contract, see docs/reference.md. */
export const exitCodes = {
  passed: 0,
  failed: 1,
  inconclusive: 2,
  usage: 64,
  internal: 70,
  unreachable: 75,
  unhealed: 76,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const worstFirst: readonly ExitCode[] = [76, 70, 130, 143, 64, 75, 1, 2, 0];

export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return worstFirst.find((code) => codes.includes(code)) ?? exitCodes.passed;
}

/** One mistake a person made, with all that is needed to mend it. */
export interface Mistake {
  /** Where in the data, as a person would say it: `faults[1].link`. */
  readonly path: string;
  readonly says: string;
  /** What to do, for example `did you mean "cloud"?`. */
  readonly hint?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** Something outside Squall is wrong and a person can mend it: shown without a stack. */
export class UserError extends Error {
  readonly exitCode: ExitCode;
  readonly mistakes: readonly Mistake[];

  constructor(says: string, options: { exitCode?: ExitCode; mistakes?: readonly Mistake[]; cause?: unknown } = {}) {
    super(says, { cause: options.cause });
    this.name = "UserError";
    this.exitCode = options.exitCode ?? exitCodes.usage;
    this.mistakes = options.mistakes ?? [];
  }
}

/** A fault could not be taken back. Nothing is worse: the trouble outlives the run. */
export class UnhealedError extends Error {
  override readonly name = "UnhealedError";
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system's code of an error (`ECONNREFUSED`), also where it hides in a cause. */
export function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  return codeOf(thrown.cause);
}
