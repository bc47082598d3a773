/** reports/example is what people see before they run anything, so it looks as reports look now: `npm run example`. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { html } from "../../src/reporters/html.ts";
import { sample } from "../reporters/sample-figures.ts";

const parts = (page: string) => ({
  style: /<style>([\s\S]*?)<\/style>/.exec(page)?.[1],
  script: /<script>([\s\S]*?)<\/script>/.exec(page)?.[1],
  sections: [...page.matchAll(/<h2[^>]*>([^<]+)</g)].map(([, heading]) => heading),
});

describe.each([
  ["naive", "FAILED"],
  ["hardened", "PASSED"],
])("the example of the %s server", (server, verdict) => {
  const page = readFileSync(new URL(`../../reports/example/${server}.html`, import.meta.url), "utf8");

  test("is a page of the present reporter", () => {
    expect(parts(page)).toEqual(parts(html.render(sample, { colour: false })));
  });

  test(`says ${verdict}`, () => {
    expect(page).toContain(verdict);
    expect(page).toContain("quickstart");
  });
});
