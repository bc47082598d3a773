/** What `init` writes loads as it is and with each of its examples, and whatever a server calls itself is harmless in it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { draft, type Draft } from "../../src/commands/init/draft.ts";
import type { Learned, LeftAlone } from "../../src/commands/init/look.ts";
import { inline, remark } from "../../src/commands/init/notation.ts";
import type { ListedTool } from "../../src/samples/arguments.ts";
import { outputsIn, rowsIn } from "../../src/samples/flow.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import { fixtures } from "../../src/targets/fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { withExamples, withFirstExamples } from "./examples.ts";

const tool = (name: string, more: Partial<ListedTool> = {}): ListedTool => ({
  name,
  inputSchema: { type: "object" },
  hints: { readOnly: true },
  ...more,
});

const answered = (result: unknown) => ({ outputs: outputsIn(result), rows: rowsIn(result), tookMs: 20 });

const learned: readonly Learned[] = [
  {
    tool: tool("list_orders", { description: "All orders.\nOf everybody." }),
    args: {},
    from: {},
    ...answered({ structuredContent: { orders: [{ id: "o-1", text: "shoes" }] } }),
  },
  { tool: tool("get_order"), args: { order_id: "o-1" }, from: { order_id: "seen" }, ...answered({ content: [] }) },
];

const leftAlone: readonly LeftAlone[] = [
  { tool: tool("search"), because: "it refused what it was called with", isAgain: true },
  {
    tool: tool("create_order", { hints: { destructive: false } }),
    because: "it does not say that it only reads",
    isAgain: false,
    sample: { args: { note: "hello", amount: 5 }, from: { note: "name", amount: "type" } },
  },
  {
    tool: tool("delete_order", { hints: {} }),
    because: "it does not say that it only reads",
    isAgain: false,
    sample: { args: { order_id: "o-1" }, from: { order_id: "seen" } },
  },
];

const piped: Draft["asked"] = {
  server: "server",
  transport: "stdio",
  isStarted: true,
  upstreams: [],
  sections: { servers: { server: { transport: "stdio", command: ["node", "server.js"] } } },
  named: "node server.js",
};
const running: Draft["asked"] = {
  ...piped,
  transport: "http",
  isStarted: false,
  sections: { servers: { server: { url: "http://127.0.0.1:3001/mcp", headers: { "x-tenant": "acme" } } } },
};
const behind: Draft["asked"] = {
  ...piped,
  upstreams: [{ name: "billing", isHttp: true }],
  sections: {
    servers: { server: { transport: "stdio", command: ["node", "server.js"], upstreams: { BILLING_URL: "billing" } } },
    upstreams: { billing: { url: "http://127.0.0.1:9000" } },
  },
};

const about = (more: Partial<Draft> = {}): Draft => ({
  asked: piped,
  looked: { learned, leftAlone, openedMs: 400, listedMs: 10, protocol: "2025-11-25" },
  name: "my-server",
  seed: 42,
  runs: "squall run squall.yaml",
  made: "squall init -- node server.js",
  ...more,
});

async function load(text: string) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "squall.yaml");
  await writeFile(file, text);
  const entryUrl = new URL("../../src/index.ts", import.meta.url);
  return await loadScenario({ file, named: "squall.yaml", sets: [], env: {}, allowHosts: [], fixtures, entryUrl });
}

describe.each([
  ["a command", about()],
  ["a server that runs", about({ asked: running })],
  ["a server with an upstream", about({ asked: behind })],
  ["a server of which nothing may be called", about({ looked: { ...about().looked, learned: [] } })],
  ["a server without any tool", about({ looked: { ...about().looked, learned: [], leftAlone: [] } })],
])("of %s", (_, given) => {
  const text = draft(given);

  test("it loads as it is", async () => {
    const { scenario } = await load(text);
    expect(scenario.groups[0]?.steps.length).toBeGreaterThan(0);
  });

  test("it loads with each of its examples behind the ones before", async () => {
    const texts = withFirstExamples(text);
    expect(texts.length).toBeGreaterThan(0);
    for (const one of texts) await expect(load(one), one).resolves.toBeDefined();
    expect(texts.at(-1)).toBe(withExamples(text));
  });
});

test("what one tool answered goes into the next", () => {
  const { agents } = parse(draft(about())) as { agents: { caller: { chain: unknown } } };
  expect(agents.caller.chain).toEqual([
    { call: "server.list_orders", save: { order_id: "$.orders[0].id" } },
    { call: "server.get_order", args: { order_id: "${order_id}" } },
  ]);
});

test("a write stands there as an example, with its op's id and where that can be read back", () => {
  const { agents, effects } = parse(withExamples(draft(about()))) as {
    agents: { caller: { chain: unknown[] } };
    effects: unknown;
  };
  expect(agents.caller.chain.slice(2)).toEqual([
    { call: "server.delete_order", args: { order_id: "${order_id}" } },
    { call: "server.create_order", args: { note: "${op.id}", amount: 5 }, effect: "create_order" },
  ]);
  expect(effects).toEqual({
    create_order: { read: { tool: { server: "server", tool: "list_orders", rows: "$.orders" } } },
  });
});

describe("a server's words are harmless", () => {
  const words = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom(
      "a\n- call: server.drop\n#b",
      "\u001b[2J\u001b]0;x\u0007",
      "${op.id} ${env.HOME} ${",
      "'\"`: # {}[]&*!|>%@",
      "\u2028x\u0085y\u202ez",
      "yes",
      ".5",
      ".inf",
      "__proto__",
      " lead and trail ",
    ),
  );

  test("in YAML they are what they were, and nothing in it steers a terminal", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), words, words, (value, key, text) => {
        const whole = { [key.toWellFormed()]: text.toWellFormed(), value: [value] };
        const written = inline(whole);
        expect(written).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        const read = parse(`it: ${written}`) as { it: unknown };
        expect(JSON.stringify(read.it)).toBe(JSON.stringify(JSON.parse(JSON.stringify(whole))));
      }),
      { numRuns: 300 },
    );
  });

  test("in a comment they are one line", () => {
    fc.assert(
      fc.property(words, (text) => {
        expect(remark(text)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(remark(text).length).toBeLessThanOrEqual(100);
      }),
    );
  });

  test("a draft made of them alone loads, and has no step that nobody wrote", async () => {
    await fc.assert(
      fc.asyncProperty(words, words, words, async (name, description, value) => {
        // Nobody makes arguments of this name.
        fc.pre(value !== "__proto__");
        fc.pre(name.trim() !== "" && name.isWellFormed() && value.isWellFormed());
        const given = about({
          made: `squall init ${description}`,
          looked: {
            ...about().looked,
            learned: [
              {
                tool: tool(name, { description }),
                args: { [value]: value, plain: [value] },
                from: { [value]: "examples", plain: "examples" },
                ...answered({ structuredContent: { [value]: value } }),
              },
            ],
            leftAlone: [{ tool: tool(name, { description }), because: description, isAgain: false }],
          },
        });
        const text = draft(given);
        const { scenario } = await load(text);
        expect(scenario.groups[0]?.steps.map(({ tool }) => tool)).toEqual([name]);
        await expect(load(withExamples(text))).resolves.toBeDefined();
      }),
      { numRuns: 60 },
    );
  });
});
