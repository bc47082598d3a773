/** A caller who leaves while a fault delivers its request a second time: what the callee did is told all the same. */
import { once } from "node:events";
import { request } from "node:http";
import { expect, test } from "vitest";
import { bodyOf, httpCallee, openRig } from "./rig.ts";
import { waitFor } from "../waiting.ts";

test("as often as the callee got it, whoever left before it had answered", async () => {
  let executed = 0;
  await using callee = await httpCallee((incoming) => {
    incoming.resume();
    // It acts, and never answers.
    incoming.on("end", () => (executed += 1));
  });
  await using rig = await openRig(callee.port, "http");
  const cure = rig.link.meddle({ deed: { does: "deliver-twice" } }, () => 0);
  const sent = request(rig.url(), { method: "POST", agent: false });
  sent.on("error", () => {});
  sent.end("{}");
  await waitFor(() => expect(executed).toBe(1));
  sent.destroy();
  await waitFor(() => expect(rig.exchanges()).toHaveLength(1));
  const [exchange] = rig.exchanges();
  await waitFor(() => expect(executed).toBe(exchange?.meddled?.delivered));
  expect(exchange).toMatchObject({ ended: "caller-left", meddled: { did: "deliver-twice" } });
  expect(rig.signs.some(({ is }) => is === "meddled")).toBe(true);
  await cure.heal();
});

test("and where nothing of it went, nothing is told", async () => {
  await using callee = await httpCallee((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("ok"));
  });
  await using rig = await openRig(callee.port, "http");
  const cure = rig.link.meddle({ deed: { does: "deliver-twice" }, after: 1 }, () => 0);
  const sent = request(rig.url(), { method: "POST", agent: false });
  sent.end("{}");
  const [answer] = await once(sent, "response");
  await bodyOf(answer);
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ ended: "answered" }]));
  expect(rig.exchanges()[0]).not.toHaveProperty("meddled");
  await cure.heal();
});
