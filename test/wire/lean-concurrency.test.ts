import { expect, test } from "vitest";
import { seededRandom } from "../../src/world.ts";
import { callOf, openTo, resultTo, startFaultServer, textResult, type Asked } from "./fault-server.ts";

test("200 calls at once on one session, answered in any order, never get each other's answers", async () => {
  const calls = 200;
  const random = seededRandom(42);
  const held: Asked[] = [];
  const server = await startFaultServer((asked) => {
    held.push(asked);
    if (held.length < calls) return;
    held.sort(() => random.next() - 0.5);
    for (const one of held) {
      const result = resultTo(one, textResult(`for ${String(one.message.params?.arguments?.["call"])}`));
      if (random.next() < 0.5) {
        one.json(result);
      } else {
        one.events(result);
        one.response.end();
      }
    }
  });
  const session = await openTo(server.url);
  const answers = await Promise.all(
    Array.from({ length: calls }, (_, call) => session.call(callOf({ args: { call } }))),
  );
  await session.close();
  await server.close();

  expect(answers.map(({ result }) => result)).toEqual(answers.map((_, call) => textResult(`for ${call}`)));
  const ids = held.map(({ message }) => message.id);
  expect(new Set(ids).size).toBe(calls);
});

test("calls one after another share one connection", async () => {
  const server = await startFaultServer((asked) => asked.json(resultTo(asked, {})));
  const session = await openTo(server.url);
  for (let n = 0; n < 5; n += 1) expect(await session.call(callOf())).toMatchObject({ reusedSocket: true });
  await session.close();
  await server.close();
  expect(new Set(server.heard.map(({ connection }) => connection)).size).toBe(1);
});
