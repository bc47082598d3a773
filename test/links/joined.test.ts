/** All that is said of links, once more with an engine that taps reach without a socket. */
import { expect, test } from "vitest";
import "./joined-way.ts";
import "./balancer.test.ts";
import "./burst.test.ts";
import "./eaten.test.ts";
import "./exchanges.test.ts";
import "./gateway.test.ts";
import "./left-while-twice.test.ts";
import "./meddling.test.ts";
import "./passing.test.ts";
import "./signs.test.ts";
import "./streamed-answers.test.ts";
import { smallEngine } from "./small-engine.ts";

test("that is the way", async () => {
  const engine = smallEngine();
  expect(await engine.openProxy("p", { host: "127.0.0.1", port: 9 })).toHaveProperty("dial");
  await engine.close();
});
