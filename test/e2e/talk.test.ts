/** Servers that ask back, and tasks, in whole runs with servers of the SDKs. */
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { onlyRun, temporaryFolder, verdictsFrom } from "./squall.ts";

const everything = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js");

async function played(scenario: object) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "s.yaml"), JSON.stringify(scenario));
  const verdicts = await verdictsFrom(["s.yaml"], folder.path);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);
  return { verdicts, events };
}

const servers = {
  http: {
    command: [process.execPath, everything, "streamableHttp"],
    env: { PORT: "${port}" },
    url: "http://127.0.0.1:${port}/mcp",
  },
  stdio: { transport: "stdio", command: [process.execPath, everything, "stdio"] },
};

test.each([
  ["lean", "http"],
  ["sdk", "http"],
  ["lean", "stdio"],
  ["sdk", "stdio"],
] as const)(
  "on the %s wire over %s, the reference server gets the answers of the script, and its tasks are followed",
  async (wire, way) => {
    const { verdicts, events } = await played({
      name: "talk",
      servers: { all: servers[way] },
      agents: {
        caller: {
          wire,
          policy: { kind: "none", timeout: "20s" },
          arrivals: { count: 1, iterations: 1 },
          answers: {
            elicitation: { accept: { name: "${agent.id}", check: true } },
            sampling: { text: "said for ${op.id}" },
            roots: { uris: ["file:///work"] },
          },
          chain: [
            { call: "all.trigger-elicitation-request" },
            { call: "all.trigger-elicitation-request", answers: { elicitation: { decline: true } } },
            { call: "all.trigger-sampling-request", args: { prompt: "say" } },
            { task: "all.simulate-research-query", args: { topic: "${op.id}" }, within: "60s" },
          ],
        },
      },
      phases: [{ baseline: "15s" }],
      checks: ["survives", "lost-tasks"],
    });
    const ends = events.filter((event) => event.type === "op-ended");
    expect(
      ends.map(({ outcome }) => outcome),
      JSON.stringify(verdicts),
    ).toEqual(["ok", "ok", "ok", "ok"]);
    // For the roots it asks of itself, a third of a second after the greeting, whatever is called just then.
    const asked = events.filter(
      (event) => event.type === "server-asked" && event.op !== undefined && event.method !== "roots/list",
    );
    expect(asked).toMatchObject([
      { method: "elicitation/create", answer: "accept", attempt: 1 },
      { method: "elicitation/create", answer: "decline", attempt: 1 },
      { method: "sampling/createMessage", answer: "text", attempt: 1 },
    ]);
    const [, , , task] = ends;
    const requests = events.filter((event) => event.type === "attempt" && event.op === task?.op);
    expect(requests.at(0)).toMatchObject({ class: "task-begun", goesOn: true });
    expect(requests.at(-1)).toMatchObject({ class: "ok", attempt: requests.length });
    expect(requests.at(-1)).not.toHaveProperty("goesOn");
  },
);
