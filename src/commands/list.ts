import { z } from "zod";
import { patience } from "../agents/policy.ts";
import { policyKinds } from "../agents/registry.ts";
import { checks } from "../checks/registry.ts";
import { UserError } from "../errors.ts";
import { faultKinds } from "../faults/registry.ts";
import { reporters } from "../reporters/registry.ts";
import { suggest } from "../scenario/mistakes.ts";
import { fixtures } from "../targets/fixtures.ts";
import { attributesOf, type Attribute } from "./attributes.ts";
import type { AddCommand } from "./main.ts";
import { builtInScenarios } from "./sources.ts";

interface Entry {
  readonly name: string;
  readonly about: string;
  /** What a fault acts on. */
  readonly on?: string;
  readonly options?: readonly Attribute[];
  readonly defects?: readonly string[];
}

const actsOn = { link: "a link", process: "the processes of a server or an upstream that the run starts" } as const;
const actsOnReplicas = "the replicas of a server";

const lists: Readonly<Record<string, () => Promise<readonly Entry[]> | readonly Entry[]>> = {
  faults: () =>
    faultKinds.map((kind) => ({
      name: kind.kind,
      about: kind.about,
      on: kind.on === "process" && kind.needsReplicas ? actsOnReplicas : actsOn[kind.on],
      options: attributesOf(kind.attributes),
    })),
  checks: () => checks.map(({ name, about }) => ({ name, about })),
  policies: () =>
    policyKinds.map(({ kind: name, about, attributes }) => ({
      name,
      about,
      options: attributesOf(z.object({ ...attributes.shape, ...patience })),
    })),
  reporters: () => reporters.map(({ name, about }) => ({ name, about })),
  scenarios: builtInScenarios,
  fixtures: () => fixtures.map(({ name, about, defects }) => ({ name, about, defects })),
};

export const addList: AddCommand = (program, io) => {
  program
    .command("list")
    .description(`list what there is: ${Object.keys(lists).join(", ")}`)
    .argument("[kind]", "one of them, with its options; the names of all where absent")
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
      io.stdout(options.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : asText(found, kind !== undefined));
    });
};

function asText(found: Readonly<Record<string, readonly Entry[]>>, inFull: boolean): string {
  const text = Object.entries(found)
    .map(([kind, entries]) => {
      const width = Math.max(...entries.map(({ name }) => name.length));
      const lines = entries.flatMap((entry) => [
        `  ${entry.name.padEnd(width)}  ${entry.about}`,
        ...(inFull ? details(entry).map((line) => `  ${"".padEnd(width)}    ${line}`) : []),
      ]);
      return `${kind}\n${lines.map((line) => `${line}\n`).join("")}`;
    })
    .join("\n");
  return inFull ? text : `${text}\nWith options and defects: squall list faults, policies or fixtures.\n`;
}

function details({ on, options = [], defects = [] }: Entry): string[] {
  return [
    ...(on === undefined ? [] : [`acts on ${on}`]),
    ...options.map(({ name, takes, required, default: preset, about }) => {
      const without = required ? "required" : preset === undefined ? "optional" : `default ${shortly(preset)}`;
      return `${name}: ${takes} (${without})${about === "" ? "" : ` – ${about}`}`;
    }),
    ...(defects.length === 0 ? [] : [`defects: ${defects.join(", ")}`]),
  ];
}

function shortly(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}
