/** What a person's mistake looks like: to people on stderr, to machines as a document. */
import { messageOf, UserError, type ExitCode } from "../errors.ts";
import { printable, printableLines } from "../reporters/paint.ts";
import { formatMistakes } from "../scenario/mistakes.ts";
import type { Io } from "./io.ts";

/** Both may quote what a server calls itself and its tools, or its last words. */
export function explainMistakes(error: UserError, io: Io): void {
  const mistakes = error.mistakes.map((mistake) => ({
    ...mistake,
    path: printable(mistake.path),
    says: printable(mistake.says),
    ...(mistake.hint === undefined ? {} : { hint: printable(mistake.hint) }),
  }));
  io.stderr(`squall: ${printableLines(error.message)}\n${formatMistakes(mistakes)}`);
}

export function errorDocument(error: unknown, exitCode: ExitCode) {
  const mistakes = error instanceof UserError ? error.mistakes : [];
  return { schema: "squall.error/1", exitCode, error: messageOf(error), mistakes };
}
