import { expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { createMasks } from "../../src/masks.ts";
import { maskedError, masking } from "../../src/run/secrets.ts";
import { secretsIn, withoutSecrets } from "../../src/scenario/secrets.ts";

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

test.each([
  ["postgres://me:p4ss-word@db/x", "p4ss-word"],
  ["postgres://me:p4ss/word+1@db/x", "p4ss/word+1"],
  ["http://me:p4ss%2Fword@127.0.0.1/mcp", "p4ss/word"],
  ["https://api.test/mcp?api_key=abc123def", "abc123def"],
])("the password in %s is a secret wherever it stands, and is not in the document", (url, password) => {
  const written = {
    upstreams: { db: { url } },
    servers: { mine: { command: ["run", `--db=${url}`], env: { DB: url } } },
  };
  expect(secretsIn(written, {})).toContain(password);
  expect(secretsIn({}, { DATABASE: url })).toContain(password);
  if (!url.includes("?")) expect(JSON.stringify(withoutSecrets(written))).not.toContain("p4ss");
});

test("a password that is a plain word hides no names; what follows an option that sounds secret is one", () => {
  const found = secretsIn(
    {
      servers: {
        a: { command: ["run", "--db", "postgres://me:postgres@db", "--api-key", "abc-123-def", "TOKEN=ghi-456-jkl"] },
      },
    },
    {},
  );
  expect(found).toEqual(expect.arrayContaining([":postgres@", "abc-123-def", "ghi-456-jkl"]));
  expect(found).not.toContain("postgres");
});

test("paths with an @ in them are no logins", () => {
  expect(secretsIn({ servers: { a: { url: "http://127.0.0.1:4873/@scope/package" } } }, {})).toEqual([]);
});
