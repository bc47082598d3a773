import { expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { createMasks } from "../../src/masks.ts";
import { maskedError, masking } from "../../src/run/secrets.ts";
import { secretsIn } from "../../src/scenario/secrets.ts";

const scenario = {
  servers: [
    { headers: { authorization: "Bearer ${env.TOKEN}" }, env: { DB_PASSWORD: 'pass"word', REGION: "north-east" } },
  ],
  upstreams: [],
};

const secrets = secretsIn(scenario, { TOKEN: "hunter2-hunter2" });

test("header values and variables that sound secret are secrets, others are not", () => {
  expect(secrets).toContain("hunter2-hunter2");
  expect(secrets).toContain('pass"word');
  expect(secrets.join(" ")).not.toContain("north-east");
});

test("what a server repeats of them never reaches the history", () => {
  const kept: Unstamped[] = [];
  const record = masking((event) => {
    kept.push(event);
    return { id: "t:1", atUs: 0 };
  }, createMasks(secrets).mask);
  record({
    type: "attempt",
    op: "o",
    attempt: 1,
    startedUs: 0,
    class: "tool-error",
    outcome: "failed",
    says: 'bad token hunter2-hunter2 for pass"word',
  });
  record({ type: "op-ended", op: "o", outcome: "failed" });
  expect(() =>
    masking(
      () => ({ id: "t:1", atUs: 0 }),
      createMasks(["100000", "failed"]).mask,
    )({ type: "ledger-read", ledger: "failed", rows: 1_000_004, quiet: true }),
  ).not.toThrow();
  expect(JSON.stringify(kept)).not.toMatch(/hunter2|pass\\?"word/);
  expect(kept[0]).toMatchObject({ says: "bad token *** for ***" });
  expect(kept[1]).toEqual({ type: "op-ended", op: "o", outcome: "failed" });
});

test("our own variables are what every server gets, and those that sound secret are kept out as well", () => {
  const own = { GITHUB_TOKEN: "ghp_0123456789", POSTGRES_PASSWORD: "postgres", EDITOR: "vim-9-with-plugins" };
  const found = secretsIn({ servers: [], upstreams: [] }, own);
  // A tool may well be called postgres_query.
  expect(found).toEqual(["ghp_0123456789"]);
});

test("an error for a person, too, quotes a server without them", () => {
  const error = new UserError("it wrote: bad token hunter2-hunter2", {
    exitCode: 75,
    mistakes: [{ path: "a", says: "no hunter2-hunter2", hint: "hunter2-hunter2" }],
  });
  const masked = maskedError(error, createMasks(secrets).mask);
  expect(masked).toBeInstanceOf(UserError);
  expect(masked).toMatchObject({
    message: "it wrote: bad token ***",
    exitCode: 75,
    mistakes: [{ path: "a", says: "no ***", hint: "***" }],
  });
});
