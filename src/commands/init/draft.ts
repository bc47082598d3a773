/**
 * The scenario that `init` writes, as text: what was learned, and beside it examples of what could be added. Comes in:
 * what was learned of a server. Goes out: YAML that runs as it is, and goes on loading when an example's # is taken away.
 */
import { formatDuration } from "../../units.ts";
import type { Asked } from "../probe/asked.ts";
import { fromInWords } from "../../samples/arguments.ts";
import { isAbout } from "../../samples/flow.ts";
import { chainOf, type Drafted, type Step } from "./chain.ts";
import type { Learned, Looked } from "./look.ts";
import { example, inline, remark, text } from "./notation.ts";

export interface Draft {
  readonly asked: Asked;
  readonly looked: Looked;
  readonly name: string;
  readonly seed: number;
  /** How to run it, and how it was made. */
  readonly runs: string;
  readonly made: string;
  /** For an editor: where the JSON Schema of a scenario is. */
  readonly schema?: string;
}

export function draft(about: Draft): string {
  const { asked, looked } = about;
  const chain = chainOf(asked.server, looked.learned, looked.leftAlone);
  const lines = [
    ...heading(about),
    "",
    ...serverLines(about),
    "",
    ...agentLines(about, chain),
    "",
    ...phaseLines(about, chain.others),
    "",
    ...closingLines(about),
  ];
  return `${lines.join("\n")}\n`;
}

function heading({ name, seed, runs, made, schema }: Draft): string[] {
  return [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    `# Made by: ${remark(made, 300)}`,
    `# Run it:  ${remark(runs, 300)}`,
    "# Lines such as #this: are examples; take their # away. All that may stand here: squall schema",
    `name: ${text(name)}`,
    "about: The server answers, and is back after each trouble.",
    `seed: ${seed}                                     # same seed, same plan`,
  ];
}

function serverLines({ asked }: Draft): string[] {
  const { server, isStarted, upstreams, sections } = asked;
  const keys = Object.entries(sections.servers[server] ?? {});
  const given = Object.entries(sections.upstreams ?? {});
  return [
    "servers:",
    ...(keys.length === 0
      ? [`  ${server}: {}`]
      : [`  ${server}:`, ...keys.map(([key, value]) => `    ${key}: ${inline(value)}`)]),
    ...(given.length === 0 ? [] : ["upstreams:", ...given.map(([name, value]) => `  ${text(name)}: ${inline(value)}`)]),
    ...(upstreams.length > 0 || !isStarted || keys.length === 0
      ? []
      : [
          "# What the server talks to: its variable gets the address of a link that can be seen and broken.",
          ...example(["    upstreams: { API_URL: api }", "upstreams:", '  api: { url: "http://127.0.0.1:9000" }']),
        ]),
  ];
}

interface Chain {
  readonly steps: readonly Drafted[];
  readonly others: readonly Drafted[];
}

function agentLines({ asked, looked }: Draft, { steps, others }: Chain): string[] {
  const { server, transport } = asked;
  const { learned, leftAlone } = looked;
  const left = leftAlone.filter(({ tool }) => others.every((other) => other.tool.name !== tool.name));
  return [
    "agents:",
    "  caller:",
    `    policy: { kind: retry, attempts: 2, delay: 250ms, timeout: ${formatDuration(patienceMs(looked))} }`,
    `    arrivals: { count: ${transport === "stdio" ? 2 : 4}, thinkTime: 200ms }        # as many callers; or rate: 10/s`,
    "    chain:",
    ...(steps.length === 0 ? [`      - list: ${server}`] : []),
    ...steps.flatMap((drafted, index) => stepLines(drafted, "      ", learned[index])),
    ...left
      .slice(0, leftShown)
      .map(({ tool, because }) => `      # Not ${remark(tool.name, 60)}: ${remark(because, 140)}`),
    ...(left.length > leftShown ? [`      # Nor ${left.length - leftShown} more.`] : []),
    ...writeLines({ asked, looked, others }),
  ];
}

const leftShown = 20;

/** Longer than a call ever took, so that what only slows it down is borne. */
function patienceMs({ learned, listedMs }: Looked): number {
  const slowestMs = Math.max(listedMs, ...learned.map(({ tookMs }) => tookMs));
  return Math.max(5000, Math.ceil((slowestMs * 4) / 1000) * 1000);
}

function stepLines({ step, tool }: Drafted, indent: string, learned?: Learned): string[] {
  const { call, args, save } = step;
  const about = tool.description === undefined ? "" : remark(tool.description, 90);
  const from = learned === undefined || args === undefined ? "" : remark(fromInWords(learned), 160);
  return [
    ...(about === "" ? [] : [`${indent}# ${about}`]),
    `${indent}- call: ${text(call)}`,
    ...(from === "" ? [] : [`${indent}  # ${from}`]),
    ...(args === undefined ? [] : [`${indent}  args: ${inline(args)}`]),
    ...(save === undefined ? [] : [`${indent}  save: ${inline(save)}`]),
  ];
}

/** Writes are called only where a person says so; what they did is counted where it can be read back. */
function writeLines({
  asked,
  looked,
  others,
}: Pick<Draft, "asked" | "looked"> & { others: readonly Drafted[] }): string[] {
  const shown = others.slice(0, examplesMost);
  if (shown.length === 0) return [];
  const counted = shown.find(({ isCountable }) => isCountable);
  const more = others.slice(examplesMost).map(({ tool }) => remark(tool.name, 40));
  return [
    `      # What does not say that it only reads is not called unasked${more.length === 0 ? "" : `; also ${remark(more.join(", "), 200)}`}.`,
    ...shown
      .filter((drafted) => drafted !== counted)
      .flatMap(({ step: { call, args } }) => example(codeOf({ call, ...(args === undefined ? {} : { args }) }))),
    ...(counted === undefined ? [] : countedLines(counted, asked, looked)),
  ];
}

const examplesMost = 4;

function codeOf({ call, args, effect }: Step): string[] {
  return [
    `      - call: ${text(call)}`,
    ...(args === undefined ? [] : [`        args: ${inline(args)}`]),
    ...(effect === undefined ? [] : [`        effect: ${text(effect)}`]),
  ];
}

function countedLines({ step, tool }: Drafted, { server }: Asked, { learned }: Looked): string[] {
  const [reader] = learned.flatMap(({ rows, ...one }) =>
    rows.filter((list) => isAbout(tool.name, list)).map((list) => ({ ...one, list })),
  );
  const args = reader === undefined || Object.keys(reader.args).length === 0 ? {} : { args: reader.args };
  const read =
    reader === undefined
      ? { command: { run: ["cat", "what-was-written.jsonl"] } }
      : { tool: { server, tool: reader.tool.name, rows: reader.list.path, ...args } };
  return [
    "      # One whose effects are counted in the world: it sends its op's id, and what was written is read back. Then",
    "      # duplicate-effects tells what was written twice, lost, or written though the caller was told otherwise.",
    ...example([...codeOf(step), "effects:", `  ${text(step.effect ?? "effect")}: { read: ${inline(read)} }`]),
  ];
}

function phaseLines({ asked, looked }: Draft, others: readonly Drafted[]): string[] {
  const { server, transport, upstreams } = asked;
  const restartMs = Math.ceil((2 * looked.openedMs) / 1000) * 1000;
  const isPiped = transport === "stdio";
  const recovery = formatDuration(6000 + (isPiped ? restartMs : 0));
  const counted = others.slice(0, examplesMost).find(({ isCountable }) => isCountable);
  return [
    "# Each trouble has an episode of its own: the baseline says what is usual, the recovery whether it is so again.",
    "phases:",
    `  - baseline: ${formatDuration(baselineMs(looked))}`,
    ...(isPiped
      ? [
          `  - { fault: 2s, recovery: ${recovery}, name: frozen }`,
          `  - { fault: 2s, recovery: ${recovery}, name: crash }`,
        ]
      : [
          `  - { fault: 4s, recovery: ${recovery}, name: slow }`,
          `  - { fault: 3s, recovery: ${recovery}, name: cut }`,
        ]),
    ...upstreams.map(({ name }) => `  - { fault: 3s, recovery: ${recovery}, name: no-${name} }`),
    ...(counted === undefined ? [] : example([`  - { fault: 4s, recovery: ${recovery}, name: lost-answers }`])),
    "faults:                                          # what there is: squall list faults",
    ...(isPiped
      ? [
          `  - { server: ${server}, kind: pause, during: frozen }`,
          `  - { server: ${server}, kind: kill, during: crash }`,
        ]
      : [
          `  - { link: agents->${server}, kind: latency, delay: 300ms, during: slow }`,
          `  - { link: agents->${server}, kind: egress-block, how: reset, during: cut }`,
        ]),
    ...upstreams.map(({ name }) => `  - { link: ${server}->${name}, kind: egress-block, during: no-${name} }`),
    ...(counted === undefined
      ? []
      : [
          "# The call is made, and its answer is lost: who tries again may write twice.",
          ...example([
            `  - { link: agents->${server}, kind: lost-answer, tool: ${text(counted.tool.name)}, count: 3${isPiped ? ", instead: hang" : ""}, during: lost-answers }`,
          ]),
        ]),
  ];
}

/** Enough walks for a figure, in a time that nobody minds. */
function baselineMs({ learned, listedMs }: Looked): number {
  const walkMs =
    200 +
    Math.max(
      listedMs,
      learned.reduce((sum, { tookMs }) => sum + tookMs, 0),
    );
  return Math.min(30_000, Math.max(5000, Math.ceil((walkMs * 10) / 1000) * 1000));
}

function closingLines({ asked, looked }: Draft): string[] {
  const [first] = looked.learned;
  const bound = first === undefined ? "caller" : `${asked.server}.${first.tool.name}`;
  const isSimple = /^[\w.-]+$/.test(bound);
  const usualMs = Math.max(100, Math.ceil(((first?.tookMs ?? looked.listedMs) * 4) / 100) * 100);
  return [
    "# Every check that there is something for is made; what is not covered, and why, stands in the report.",
    "# Bounds of your own:",
    ...example([
      "thresholds:",
      "  - error-rate(caller, baseline) <= 1%",
      ...(isSimple ? [`  - p50(${bound}, baseline) < ${formatDuration(usualMs)}`] : []),
    ]),
  ];
}
