import { z } from "zod";
import { patience } from "../agents/policy.ts";
import { profileNames, profiles } from "../agents/profiles.ts";
import { partNames, policyParts } from "../agents/registry.ts";
import { checks } from "../checks/registry.ts";
import { UserError } from "../errors.ts";
import { faultKinds } from "../faults/registry.ts";
import { reporters } from "../reporters/registry.ts";
import { suggest } from "../scenario/mistakes.ts";
import { fixtures } from "../targets/fixtures.ts";
import { attributesOf, takenInWords, withoutInWords, type Attribute } from "./attributes.ts";
import { explainFault, type ExplainedFault } from "./explained-fault.ts";
import type { AddCommand } from "./main.ts";
import { builtInScenarios } from "./sources.ts";

interface Entry extends Partial<Omit<ExplainedFault, "options" | "name" | "about">> {
  readonly name: string;
  readonly about: string;
  readonly options?: readonly Attribute[];
  readonly defects?: readonly string[];
  /** Where what it does comes from. */
  readonly source?: string;
}

const lists: Readonly<Record<string, () => Promise<readonly Entry[]> | readonly Entry[]>> = {
  faults: () => faultKinds.map((kind) => explainFault(kind)),
  checks: () => checks.map(({ name, about }) => ({ name, about })),
  policies: () => [
    { name: "timeout", about: "How long an attempt may take.", options: attributesOf(z.object(patience)) },
    ...partNames.map((name) => {
      const { about, source, attributes } = policyParts[name];
      return { name, about, source, options: attributesOf(attributes) };
    }),
  ],
  profiles: () => profileNames.map((name) => ({ name, ...profiles[name] })),
  reporters: () => reporters.map(({ name, about }) => ({ name, about })),
  scenarios: builtInScenarios,
  fixtures: () => fixtures.map(({ name, about, defects }) => ({ name, about, defects })),
};

export const addList: AddCommand = (program, io) => {
  program
    .command("list")
    .description(`list what there is: ${Object.keys(lists).join(", ")}`)
    .argument("[kind]", "one of them, with its options; the names of all where absent")
    .argument("[name]", "only what is called so, such as: squall list faults latency")
    .option("--json", "print one JSON document")
    .action(async (kind: string | undefined, only: string | undefined, options: { json?: true }) => {
      const kinds = kind === undefined ? Object.keys(lists) : [kind];
      const found: Record<string, readonly Entry[]> = {};
      for (const name of kinds) {
        const list = lists[name];
        if (list === undefined) {
          throw new UserError(`there is no list "${name}"`, {
            mistakes: [{ path: "list", says: `"${name}" is unknown`, hint: suggest(name, Object.keys(lists)) }],
          });
        }
        found[name] = onlyNamed(await list(), only, name);
      }
      io.stdout(options.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : asText(found, kind !== undefined));
    });
};

function onlyNamed(entries: readonly Entry[], only: string | undefined, list: string): readonly Entry[] {
  const named = entries.filter(({ name }) => only === undefined || name === only);
  if (only === undefined || named.length > 0) return named;
  const names = entries.map(({ name }) => name);
  throw new UserError(`there is nothing called "${only}" among ${list}`, {
    mistakes: [{ path: `list ${list}`, says: `"${only}" is unknown`, hint: suggest(only, names) }],
  });
}

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

function details(entry: Entry): string[] {
  const { options = [], defects = [], source } = entry;
  return [
    ...(source === undefined ? [] : [`from: ${source}`]),
    ...faultDetails(entry),
    ...options.map((option) => {
      const { name, about } = option;
      return `${name}: ${takenInWords(option)} (${withoutInWords(option)})${about === "" ? "" : ` – ${about}`}`;
    }),
    ...(defects.length === 0 ? [] : [`defects: ${defects.join(", ")}`]),
  ];
}

function faultDetails({
  plane,
  seen,
  lasts,
  callerSees,
  mayBelieve,
  executed,
  engines,
  heals,
  grows = [],
}: Entry): string[] {
  if (callerSees === undefined) return [];
  return [
    `the caller sees ${callerSees}; it may believe: ${mayBelieve ?? ""}; executed ${executed ?? ""}`,
    `${plane}, ${seen}, ${lasts} · engine: ${engines} · healed: ${heals}`,
    ...(grows.length === 0 ? [] : [`may grow with ramp: ${grows.join(", ")}`]),
  ];
}
