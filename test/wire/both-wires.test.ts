/** The same faults on both wires: where the SDK's user sees less than there was, a table says so, and it is exact. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { outcomeClasses, type OutcomeClass } from "../../src/history/outcomes.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import { sdkHides } from "../../src/wire/sdk-hides.ts";
import { answerTo, errorTo, startFaultServer, type React } from "./fault-server.ts";
import { stimuli, type Stimulus } from "./stimuli.ts";

const faults = Object.entries(stimuli).flatMap(([lean, of]) =>
  of.map((stimulus) => ({ ...stimulus, lean: lean as OutcomeClass })),
);

/** Long where an answer is expected, so that a slow machine makes no timeout of it. */
const patienceFor = (expected: OutcomeClass): number => (expected === "timeout" ? 250 : 10_000);

describe.concurrent("through both wires", () => {
  test.for(faults)("$lean: $when", async (fault, { expect }) => {
    const row = sdkHides.find((hidden) => hidden.fault === fault.when);
    const expected = row?.sdk ?? fault.lean;
    const [lean, sdk] = await Promise.all([
      answerTo(fault.react, { ...fault, call: { timeoutMs: patienceFor(fault.lean) } }),
      answerTo(fault.react, { ...fault, call: { timeoutMs: patienceFor(expected) }, open: openSdkSession }),
    ]);
    expect({ lean: lean.answer.class, sdk: sdk.answer.class }).toEqual({ lean: fault.lean, sdk: expected });
    expect(sdk.answer.outcome).toBe(
      fault.sees?.outcome !== undefined && row === undefined ? fault.sees.outcome : outcomeClasses[expected].outcome,
    );
    if (row === undefined) return;
    expect(row).toMatchObject({ lean: fault.lean, sees: await seenThrough(fault, expected) });
  });
});

describe("the table of what the SDK hides", () => {
  test("names each fault once, and only faults that are played", () => {
    const played = faults.map(({ when }) => when);
    expect(played).toEqual([...new Set(played)]);
    const told = sdkHides.map(({ fault }) => fault);
    expect(told).toEqual([...new Set(told)]);
    expect(told.filter((fault) => !played.includes(fault))).toEqual([]);
  });

  test("holds no fault that both wires see alike", () => {
    expect(sdkHides.filter(({ lean, sdk }) => lean === sdk)).toEqual([]);
  });

  test("is the one in docs/wires.md", () => {
    const document = readFileSync(new URL("../../docs/wires.md", import.meta.url), "utf8");
    const [first = ""] = document.split("## In 2026-07-28");
    const rows = [...first.matchAll(/^\|(.+)\|$/gm)].map(([, cells = ""]) =>
      cells.split("|").map((cell) => cell.trim()),
    );
    expect(rows.slice(2)).toEqual(sdkHides.map(({ fault, lean, sdk, sees }) => [fault, lean, sdk, sees]));
  });
});

describe.concurrent("every HTTP error status", () => {
  const statuses = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429, 500, 501, 502, 503, 504, 529];

  test.for(statuses)(
    "%d is the same on both wires, but for what only headers and bodies tell",
    async (status, { expect }) => {
      const react: React = (asked) => asked.json(errorTo(asked, -32603, "no"), status, { "retry-after": "7" });
      const [lean, sdk] = await Promise.all([answerTo(react), answerTo(react, { open: openSdkSession })]);
      const { class: is, outcome } = lean.answer;
      expect(lean.answer).toMatchObject({ status, says: "no", rpcCode: -32603, retryAfterMs: 7000 });
      expect(sdk.answer).toEqual({ class: is, outcome, status, says: expect.stringContaining('"message":"no"') });
    },
  );
});

/** What a program that uses the SDK gets, without anything of ours between. */
async function seenThrough(fault: Stimulus, expected: OutcomeClass): Promise<string> {
  const server = await startFaultServer(fault.react, fault);
  const client = new Client({ name: "user", version: "1" });
  try {
    await client.connect(new StreamableHTTPClientTransport(server.url));
    if (fault.listsFirst === true) await client.listTools();
    await client.callTool({ name: "FetchResources", arguments: {} }, undefined, { timeout: patienceFor(expected) });
    return "a result";
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    const code = "code" in thrown ? ` ${String(thrown.code)}` : "";
    return `${thrown.constructor.name.replace("$", "")}${code}`;
  } finally {
    await client.close();
    await server.close();
  }
}
