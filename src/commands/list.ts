import { policyKinds } from "../agents/registry.ts";
import { checks } from "../checks/registry.ts";
import { UserError } from "../errors.ts";
import { faultKinds } from "../faults/registry.ts";
import { reporters } from "../reporters/registry.ts";
import { suggest } from "../scenario/mistakes.ts";
import { fixtures } from "../targets/fixtures.ts";
import type { AddCommand } from "./main.ts";
import { builtInScenarios } from "./sources.ts";

interface Entry {
  readonly name: string;
  readonly about: string;
}

const lists: Readonly<Record<string, () => Promise<readonly Entry[]> | readonly Entry[]>> = {
  faults: () => faultKinds.map(({ kind: name, about }) => ({ name, about })),
  checks: () => checks.map(({ name, about }) => ({ name, about })),
  policies: () => policyKinds.map(({ kind: name, about }) => ({ name, about })),
  reporters: () => reporters.map(({ name, about }) => ({ name, about })),
  scenarios: builtInScenarios,
  fixtures: () => fixtures.map(({ name, about }) => ({ name, about })),
};

export const addList: AddCommand = (program, io) => {
  program
    .command("list")
    .description(`list what there is: ${Object.keys(lists).join(", ")}`)
    .argument("[kind]", "one of them; all where absent")
    .option("--json", "print one JSON document")
    .action(async (kind: string | undefined, options: { json?: true }) => {
      const kinds = kind === undefined ? Object.keys(lists) : [kind];
      const found: Record<string, readonly Entry[]> = {};
      for (const name of kinds) {
        const list = lists[name];
        if (list === undefined) {
          throw new UserError(`there is no list "${name}"`, {
            mistakes: [{ path: "list", says: `"${name}" is unknown`, hint: suggest(name, Object.keys(lists)) }],
          });
        }
        found[name] = await list();
      }
      io.stdout(options.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : asText(found));
    });
};

function asText(found: Readonly<Record<string, readonly Entry[]>>): string {
  return Object.entries(found)
    .map(([kind, entries]) => {
      const width = Math.max(...entries.map(({ name }) => name.length));
      return `${kind}\n${entries.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}\n`).join("")}`;
    })
    .join("\n");
}
