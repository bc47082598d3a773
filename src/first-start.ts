/** The same for processes: why one that was started does not serve, and what to do next. */
import { quoted, type Cause } from "./first-contact.ts";

/** What is known of a process that was started and with which nobody could speak. */
export interface NotServing {
  readonly command: readonly string[];
  readonly speaksStdio: boolean;
  /** Absent: it still ran. */
  readonly code?: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why a process that was started does not serve. */
export function causeOfStart(about: NotServing): Cause | undefined {
  const { command, code, speaksStdio, stdout, stderr } = about;
  const [program = ""] = command;
  const written = `${stderr}\n${stdout}`;
  const known = starts.find(({ codes, words }) =>
    codes === undefined ? words !== undefined && words.test(written) : code !== undefined && codes.includes(code),
  );
  if (known !== undefined) return { says: known.says(program), hint: known.hint(program) };
  if (!speaksStdio) return undefined;
  const serves = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])[^\s"'),]*/i.exec(written)?.[0];
  if (serves !== undefined) {
    return {
      says: `it seems to serve HTTP (it names ${serves}), and was spoken to over stdio`,
      hint: "give its url beside its command and leave out transport: stdio; or start it so that it speaks stdio",
    };
  }
  const line = stdout.split("\n").find((one) => one.trim() !== "" && !one.trimStart().startsWith("{"));
  if (line !== undefined) {
    return {
      says: `it prints to stdout what is no message of MCP${quoted(line)}; over stdio only messages belong there`,
      hint: "let it write its log to stderr; with npx, say npx -y, and with npm run, npm run -s",
    };
  }
  if (code === 0) {
    return {
      says: "it ended at once and without an error, as a command does that only prints or starts something else",
      hint: "does it need an argument to serve over stdio? Run it by hand: it must wait for input",
    };
  }
  return undefined;
}

interface Start {
  readonly codes?: readonly (number | null)[];
  readonly words?: RegExp;
  readonly says: (program: string) => string;
  readonly hint: (program: string) => string;
}

const starts: readonly Start[] = [
  {
    words: /EADDRINUSE|address already in use/i,
    says: () => "the port it wants is taken",
    hint: () =>
      'let Squall choose a free one: url: "http://127.0.0.1:${port}/mcp", env: { PORT: "${port}" }; or end who has it: ss -ltnp',
  },
  {
    codes: [127],
    says: (program) => `there is no command ${program} on the PATH`,
    hint: (program) => `is it installed, and spelled right? command -v ${program}; or give its whole path`,
  },
  {
    codes: [126],
    says: (program) => `${program} is there, but may not be run`,
    hint: (program) => `chmod +x ${program}; or name its interpreter first, as in [node, ${program}]`,
  },
  {
    words: /Cannot find module|ERR_MODULE_NOT_FOUND|ModuleNotFoundError|No module named/,
    says: () => "it misses a file or module",
    hint: () => "install what it needs, and see cwd: relative paths start from the scenario's folder",
  },
  {
    words: /\b(?:EACCES|Permission denied)\b/i,
    says: () => "it may not open what it needs",
    hint: () => "see its last lines for the file or port",
  },
];
