/** Policies at work against a real server over a real network: what the history tells of them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { EventOf, EventType, HistoryEvent } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { onlyRun, squall, temporaryFolder } from "./squall.ts";

const scenario = `name: parts
upstreams: { cloud-api: { fixture: cloud-api } }
servers: { cloud: { fixture: cloud, defects: [ignore-request-id], upstreams: { CLOUD_API_URL: cloud-api } } }
agents:
  gated:
    policy: { timeout: 400ms, retry: { attempts: 2, resend: safe } }
    arrivals: { count: 1, thinkTime: 50ms }
    chain:
      - { call: cloud.FetchResources, save: { resource: "$.resources[0].id" } }
      - { call: cloud.CreateLimitRequest, args: { resource: "\${resource}", limit: 200, requestId: "\${op.id}" } }
  hedger:
    policy: { timeout: 2s, hedge: { after: 100ms } }
    arrivals: { count: 1, thinkTime: 50ms }
    chain: [{ call: cloud.FetchResources }]
  broken:
    policy: { timeout: 400ms, breaker: { failures: 2, openFor: 1m } }
    arrivals: { count: 1, thinkTime: 50ms }
    chain: [{ call: cloud.FetchResources }]
phases:
  - baseline: 2s
  - { fault: 4s, recovery: 500ms, name: lost }
faults:
  - { link: gated@cloud, kind: lost-answer, instead: hang, tool: CreateLimitRequest, count: 1, during: lost }
  - { link: gated@cloud, kind: lost-answer, instead: hang, tool: FetchResources, count: 1, during: lost }
  - { link: hedger@cloud, kind: lost-answer, instead: hang, count: 1, during: lost }
  - { link: broken@cloud, kind: lost-answer, instead: close, during: lost }
checks: [silent-empty]
`;

test("what a policy did stands in the history", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "parts.yaml"), scenario);
  const { stdout } = await squall(["run", "parts.yaml", "--quiet"], { cwd: folder.path });
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder.path), "history"))) events.push(event);
  const of = <T extends EventType>(type: T, group: string): EventOf<T>[] =>
    events.filter(
      (event): event is EventOf<T> => event.type === type && "op" in event && event.op?.split(".")[1] === group,
    );

  // The server says that reads may be called again; of writes, which it does not tell apart, it says nothing.
  const notResent = of("op-ended", "gated").filter(({ heldBack }) => heldBack === "outcome unknown, not resent");
  expect(notResent).toHaveLength(1);
  expect(notResent[0]?.op).toMatch(/\.1$/);
  const timedOut = of("attempt", "gated").filter(({ class: is, op }) => is === "timeout" && op.endsWith(".0"));
  expect(timedOut).toHaveLength(1);
  expect(of("attempt", "gated")).toContainEqual(
    expect.objectContaining({ op: timedOut[0]?.op, attempt: 2, class: "ok" }),
  );

  const hedged = of("attempt", "hedger").filter((attempt) => attempt.hedged === true && attempt.class === "ok");
  expect(hedged.length).toBeGreaterThan(0);
  const outrun = of("attempt", "hedger").filter((attempt) => attempt.class === "outrun");
  expect(outrun.length).toBeGreaterThan(0);
  for (const { op, outcome } of of("op-ended", "hedger").filter(({ op: id }) =>
    outrun.some((lost) => lost.op === id),
  )) {
    expect([op, outcome]).toEqual([op, "ok"]);
  }

  const sent = of("attempt", "broken").filter(({ class: is }) => is !== "ok");
  expect(sent).toHaveLength(2);
  const held = of("op-ended", "broken").filter(({ because }) => because === "breaker open");
  expect(held.length).toBeGreaterThan(3);

  const neverSent = /^Held: +\d+ ops were never sent: (.*)$/m.exec(stdout)?.[1];
  expect(neverSent, stdout).toContain(`breaker open (${held.length})`);
  expect(stdout).toContain("not sent again: outcome unknown, not resent (1)");
});
