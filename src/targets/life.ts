/** What is told of a process that Squall starts: that it could not start, that it is ready, and how it ended. */
import type { Mistake } from "../errors.ts";
import { causeOfStart } from "../first-start.ts";
import type { Recorder, TargetEvent } from "../history/events.ts";
import { endedWithoutLease, type Running } from "./launch.ts";
import { lastLines, quotedLines, type Output } from "./output.ts";
import type { Exit, TargetRole } from "./target.ts";

export interface Life {
  /** Ends it in this way; that it was stopped is recorded, unless it had ended by itself before. */
  stop(end: () => Promise<void>): Promise<void>;
  /** It is a fault that ends it now, if it has not ended before. */
  killed(): void;
}

/** Records that the process is ready, and later its end. */
export function recordLife(
  { address, ...target }: Pick<TargetEvent, "target" | "role" | "instance" | "address">,
  { running, recorder }: { readonly running: Running; readonly recorder: Recorder },
): Life {
  const about = { type: "target", ...target } as const;
  recorder.record({ ...about, edge: "ready", ...(address === undefined ? {} : { address }), pid: running.pid });

  let is: "running" | "stopping" | "over" = "running";
  const markOver = (): void => {
    if (is === "running") is = "over";
  };
  let byFault = false;
  const recordExit = (exit: Exit): void => {
    if (is !== "over") return;
    if (byFault) recorder.record({ ...about, edge: "killed", ...howOf(exit) });
    else recorder.record(exitOf(about, { exit, output: running.output }));
  };
  void running.exited.then(markOver);
  void running.silent.then(recordExit);

  return {
    stop: async (end) => {
      if (is === "running") is = "stopping";
      await end();
      if (is !== "stopping") return;
      recorder.record({ ...about, edge: byFault ? "killed" : "stopped", ...howOf(await running.exited) });
    },
    killed: () => {
      if (is === "running") byFault = true;
    },
  };
}

type About = Pick<TargetEvent, "type" | "target" | "role" | "instance">;

/** It ended by itself: how, and its last words. */
export function exitOf(about: About, { exit, output }: { readonly exit: Exit; readonly output: Output }): TargetEvent {
  const stderr = lastLines(output.stderrTail(), quotedLines);
  return { ...about, edge: "exited", ...howOf(exit), ...(stderr === "" ? {} : { stderr }) };
}

export function howOf({ code, signal }: Exit): { readonly code?: number; readonly signal?: string } {
  return { ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) };
}

/** What is likely to be the cause of that, as a mistake in the scenario. */
export function startMistakes(about: {
  readonly name: string;
  readonly role: TargetRole;
  readonly command: readonly string[];
  readonly speaksStdio: boolean;
  readonly exit: Exit | undefined;
  readonly output: Output | undefined;
}): readonly Mistake[] {
  const { name, role, command, speaksStdio, exit, output } = about;
  const cause = causeOfStart({
    command,
    speaksStdio,
    ...(exit === undefined ? {} : { code: exit.code }),
    stderr: output?.stderrTail() ?? "",
    stdout: output?.stdoutTail() ?? "",
  });
  return cause === undefined ? [] : [{ path: `${role}s.${name}.command`, ...cause }];
}

/** Why it did not start, with its command and its last words, for a person to mend. */
export function startFailure(about: {
  readonly name: string;
  readonly role: TargetRole;
  readonly command: readonly string[];
  readonly what: string;
  readonly output: Output | undefined;
}): string {
  const { name, role, command, what, output } = about;
  const written = { stderr: output?.stderrTail() ?? "", stdout: output?.stdoutTail() ?? "" };
  const from = written.stderr.trim() === "" ? "stdout" : "stderr";
  const lines = lastLines(written[from], quotedLines);
  return [
    `${role} "${name}" did not start: ${what}`,
    `  command: ${command.map(quoted).join(" ")}`,
    ...(lines === "" ? ["  it wrote nothing"] : [`  its last lines on ${from}:`, behindBars(lines)]),
  ].join("\n");
}

/** So that nothing a target writes is taken for a command by a CI that reads what we print. */
function behindBars(lines: string): string {
  return lines.replaceAll(/^/gm, "    | ");
}

export function endedEarly(exit: Exit, { lease, waitedFor }: { readonly lease: string; readonly waitedFor: string }) {
  if (endedWithoutLease(exit, lease)) return "the run's lease is gone, so nothing may start any more";
  return `it ended with ${exitWords(exit)} before ${waitedFor} came`;
}

export function exitWords({ code, signal }: Exit): string {
  if (signal !== null) return `signal ${signal}`;
  if (code === 127) return "exit code 127 (command not found)";
  if (code === 126) return "exit code 126 (not executable)";
  return `exit code ${code}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word);
}
