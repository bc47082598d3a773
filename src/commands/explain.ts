/** What a person's mistake looks like: to people on stderr, to machines as a document. */
import { messageOf, UserError, type ExitCode } from "../errors.ts";
import { formatMistakes } from "../scenario/mistakes.ts";
import type { Io } from "./io.ts";

export function explainMistakes(error: UserError, io: Io): void {
  io.stderr(`squall: ${error.message}\n${formatMistakes(error.mistakes)}`);
}

export function errorDocument(error: unknown, exitCode: ExitCode) {
  const mistakes = error instanceof UserError ? error.mistakes : [];
  return { schema: "squall.error/1", exitCode, error: messageOf(error), mistakes };
}
