import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { render, renderText, saveFrom, type Scope } from "../../src/scenario/template.ts";
import { seededRandom } from "../../src/world.ts";

function scope(saved: Record<string, unknown> = {}, seed = 42): Scope {
  return {
    op: "0000f00d.planner.3.7.1",
    agent: "planner.3",
    group: "planner",
    walk: 7,
    saved: new Map(Object.entries(saved)),
    env: { REGION: "eu" },
    random: seededRandom(seed),
  };
}

function rendered(value: unknown, saved: Record<string, unknown> = {}): unknown {
  const result = render({ value }, scope(saved));
  if (!result.ok) throw new Error(`missing ${result.missing.join(", ")}`);
  return result.value.value;
}

test("what has nothing to fill in is one value for all, what has is made anew each time", () => {
  const [still, varying] = [{ deep: [{ text: "a $${b}" }] }, { deep: [{ text: "${walk}" }] }];
  const values = [still, still, varying, varying].map((template) => render(template, scope()));
  expect(values).toMatchObject([{ isPlain: true }, { isPlain: true }, { isPlain: false }, { isPlain: false }]);
  const [one, again, made, anew] = values.map((rendered) => (rendered.ok ? rendered.value : undefined));
  expect(one).toBe(again);
  expect(one).toEqual({ deep: [{ text: "a ${b}" }] });
  expect(made).toEqual({ deep: [{ text: 7 }] });
  expect(made).toEqual(anew);
  expect(made).not.toBe(anew);
});

const plain = fc.string().filter((text) => !text.includes("${"));

describe("a value that holds no ${", () => {
  test("stays as it is, however deep", () => {
    const { value: tree } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        plain,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(plain, tie("value"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(JSON.stringify(rendered(value))).toBe(JSON.stringify(value));
      }),
      { seed: 42 },
    );
  });

  test("$${ gives a plain ${, wherever it stands", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(rendered(text.replaceAll("${", () => "$${"))).toBe(text);
      }),
      { seed: 42 },
    );
    expect(rendered("a $${walk} b")).toBe("a ${walk} b");
  });
});

describe("a saved value", () => {
  test("keeps its type where it stands alone, and is text inside of text", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (saved) => {
        expect(rendered("${it}", { it: saved })).toEqual(saved);
        const text = typeof saved === "string" ? saved : JSON.stringify(saved);
        expect(rendered("<${it}>", { it: saved })).toBe(`<${text}>`);
      }),
      { seed: 42 },
    );
  });

  test("is not expanded again: an answer is data, whatever it says", () => {
    expect(rendered("${it}!", { it: "${env.REGION}" })).toBe("${env.REGION}!");
  });

  test("that is not there is named, each once, and nothing is rendered", () => {
    const result = render({ a: "${one} ${two}", b: ["${one}", { c: "${here}" }] }, scope({ here: null }));
    expect(result).toEqual({ ok: false, missing: ["one", "two"] });
  });
});

test("ids, the walk and the environment are known", () => {
  expect(rendered("${op.id} ${agent.id} ${agent.group}")).toBe("0000f00d.planner.3.7.1 planner.3 planner");
  expect(rendered("${walk}")).toBe(7);
  expect(rendered(["${env.REGION}", "${env.ZONE:-a}", "${env.ZONE:-}"])).toEqual(["eu", "a", ""]);
});

test("settings leave ${port} for whoever starts the target", () => {
  expect(renderText("http://127.0.0.1:${port}/${env.REGION}", { REGION: "eu" })).toBe("http://127.0.0.1:${port}/eu");
});

describe("generators", () => {
  const args = {
    int: "${int(-2, 5)}",
    number: "${number(0.5, 1)}",
    pick: "${pick(a, b, c)}",
    word: "${word()}",
    uuid: "${uuid()}",
    text: "${text(12)}",
  };

  test("give what they promise", () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const result = render(args, scope({}, seed));
      if (!result.ok) throw new Error("nothing is missing");
      const { int, number, pick, word, uuid, text }: Record<string, unknown> = result.value;
      expect(Number.isInteger(int) && Number(int) >= -2 && Number(int) <= 5, `int gave ${String(int)}`).toBe(true);
      expect(Number(number)).toBeGreaterThanOrEqual(0.5);
      expect(Number(number)).toBeLessThan(1);
      expect(pick).toMatch(/^[abc]$/);
      expect(word).toMatch(/^[a-z]+-[a-z]+$/);
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(text).toMatch(/^[a-z0-9]{12}$/);
    }
  });

  test("give the same for the same seed, and something else for another", () => {
    expect(render(args, scope({}, 1))).toEqual(render(args, scope({}, 1)));
    expect(render(args, scope({}, 1))).not.toEqual(render(args, scope({}, 2)));
  });
});

describe("what a step saves", () => {
  const text = (value: unknown) => ({ type: "text", text: typeof value === "string" ? value : JSON.stringify(value) });

  test("is the first match, in the structured content before the texts", () => {
    const result = { structuredContent: { items: [{ id: 1 }, { id: 2 }] }, content: [text({ items: [{ id: 3 }] })] };
    expect(saveFrom(result, "$.items[*].id")).toBe(1);
  });

  test("is found in the first text that is JSON and holds it", () => {
    const content = [text("no JSON"), { type: "image" }, text({ other: 1 }), text({ id: null })];
    expect(saveFrom({ content }, "$.id")).toBeNull();
    expect(saveFrom({ structuredContent: {}, content }, "$.other")).toBe(1);
  });

  test("is nothing where there is nothing, whatever the result is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (result) => {
        expect(saveFrom(result, "$.no.such.thing")).toBeUndefined();
      }),
      { seed: 42 },
    );
  });

  test("is nothing where the answer is nested deeper than a path can follow", () => {
    const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
    expect(saveFrom({ content: [text(deep), text({ id: 7 })] }, "$..id")).toBe(7);
  });
});
