/**
 * Servers that mean harm, each in a whole run: Squall ends in time, is bounded in memory and disk, has the right exit
 * code, says what was seen, and lets nothing through that steers a terminal or a page.
 */
import { glob, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import { overHttp } from "../hostile/over-http.ts";
import { overStdio } from "../hostile/over-stdio.ts";
import { isFull, onlyRun, squall, temporaryFolder } from "./squall.ts";

const here = fileURLToPath(new URL("../hostile", import.meta.url));
// The SDK's client needs more, whatever it is let read: it copies what it has of an event with each piece that comes.
const megabytesMost = { lean: 400, sdk: 600 } as const;
const diskMegabytesMost = 20;

interface Expected {
  readonly code: number;
  /** What stands on the screen of it. */
  readonly says?: RegExp;
}

const refused = (says: RegExp): Expected => ({ code: 75, says });
const inconclusive = (says?: RegExp): Expected => ({ code: 2, ...(says === undefined ? {} : { says }) });
const tooLarge = /larger than Squall reads/;
const baseline = /the baseline does not hold/;

const expected: Readonly<Record<string, Expected>> = {
  "endless-events": inconclusive(baseline),
  "endless-comment": inconclusive(baseline),
  "gigabyte-by-length": inconclusive(baseline),
  "gigabyte-in-chunks": inconclusive(baseline),
  "gigabyte-greeting": refused(tooLarge),
  "gzip-bomb": inconclusive(baseline),
  "deep-result": inconclusive(),
  "deep-text": inconclusive(),
  "deep-schema": inconclusive(),
  "slow-head": refused(/did not answer initialize within 10s/),
  "slow-body": inconclusive(baseline),
  "ten-thousand-tools": inconclusive(),
  "cursor-that-loops": refused(/has more than 64 pages of tools/),
  "cursor-without-end": refused(/has more than 64 pages of tools/),
  "schema-that-holds-itself": inconclusive(),
  "pattern-that-never-ends": inconclusive(),
  "foreign-ids": inconclusive(baseline),
  "reused-ids": inconclusive(baseline),
  "answers-twice": inconclusive(),
  "many-headers": refused(tooLarge),
  "huge-header": inconclusive(baseline),
  "redirects-away": refused(/Squall follows no redirect/),
  "redirects-calls-away": inconclusive(baseline),
  "poisoned-error": refused(/JSON-RPC error -32000/),
  "poisoned-tools": { code: 64, says: /has no tool Echo/ },
  "poisoned-answers": inconclusive(baseline),
  "invalid-utf8": inconclusive(),
  "prototype-keys": inconclusive(),
  "flood-of-requests": inconclusive(baseline),
  "closes-each-connection": refused(/did not answer initialize/),
  "garbage-lines": inconclusive(),
  "garbage-between": inconclusive(),
  "line-without-end": refused(tooLarge),
  "huge-stderr": inconclusive(),
  "crash-at-start": refused(/it ended with exit code 3/),
  "crash-in-call": inconclusive(/the server mine ended by itself \(SIGABRT\)/),
  "deep-line": inconclusive(),
  "answers-everything-twice": inconclusive(),
  "flood-of-requests-on-stdout": inconclusive(baseline),
  "reads-nothing": refused(/did not answer initialize within 5s/),
  "poisoned-names": { code: 64, says: /has no tool Echo/ },
};

const names = [...Object.keys(overHttp), ...Object.keys(overStdio)];

test("each hostile server has its expectation, and each expectation its server", ({ expect }) => {
  expect(Object.keys(expected).sort()).toEqual([...names].sort());
});

// A run each. On a laptop those are tried that have broken something once; CI tries all.
const oncePernicious = [
  "endless-comment",
  "gigabyte-greeting",
  "cursor-that-loops",
  "poisoned-answers",
  "line-without-end",
];
const tried = isFull ? names : oncePernicious;

describe.each(isFull ? (["lean", "sdk"] as const) : (["lean"] as const))("on the wire %s", (wire) => {
  test.for(tried)("%s", async (name, { expect }) => {
    await using folder = await temporaryFolder();
    const peakFile = join(folder.path, "peak");
    await writeFile(join(folder.path, "s.yaml"), scenarioOf(name, wire));
    const { code, stdout, stderr } = await squall(["run", "s.yaml", "--quiet"], {
      cwd: folder.path,
      env: { PEAK_FILE: peakFile, NODE_OPTIONS: `--import=${pathToFileURL(join(here, "peak.js")).href}` },
    });
    const said = stdout + stderr;
    const { code: exits, says = /./ } = expected[name] ?? inconclusive();
    expect(said).toMatch(says);
    expect(code, said).toBe(exits);
    expect(said).not.toMatch(/defect of Squall|unhandled/i);
    expect(said).not.toMatch(steers);
    expect(said.split("\n").filter((line) => line.trimStart().startsWith("::"))).toEqual([]);
    expect(Number(await readFile(peakFile, "utf8")) / 1024, "megabytes at most").toBeLessThan(megabytesMost[wire]);

    const run = await onlyRun(folder.path);
    expect(await megabytesIn(run), "megabytes on the disk").toBeLessThan(diskMegabytesMost);
    const page = await readFile(join(run, "report.html"), "utf8").catch(() => "");
    expect(page).not.toMatch(/<script>globalThis|<img/);
    expect(page).not.toMatch(steers);
  });
});

const steers =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E0FFF}]/u;

function scenarioOf(name: string, wire: "lean" | "sdk"): string {
  const command = `[node, ${JSON.stringify(join(here, "serve.ts"))}, ${name}]`;
  const server = Object.hasOwn(overHttp, name)
    ? `{ command: ${command}, url: "http://127.0.0.1:\${port}/mcp", env: { PORT: "\${port}" } }`
    : `{ transport: stdio, startTimeout: 5s, command: ${command} }`;
  return `name: hostile
servers: { mine: ${server} }
agents: { a: { wire: ${wire}, policy: { kind: none, timeout: 1s }, arrivals: { rate: 5/s }, chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 2s }]
`;
}

async function megabytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for await (const file of glob("**", { cwd: folder })) bytes += (await stat(join(folder, file))).size;
  return bytes / 1024 / 1024;
}
