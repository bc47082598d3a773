/** docs/faults.md: every fault kind, what it shows as and what it takes, from the registry. */
import { takenInWords, withoutInWords } from "../src/commands/attributes.ts";
import { exampleOf, explainFault, type ExplainedFault } from "../src/commands/explained-fault.ts";
import type { FaultKind } from "../src/faults/kinds.ts";
import { faultKinds } from "../src/faults/registry.ts";

export function faultsPage(): string {
  const explained = faultKinds.map((kind) => explainFault(kind));
  return `# Faults

Generated from the fault kinds by \`npm run schema\`; \`squall list faults\` says the same. When a fault is on, on which links,
how it grows and what it may wait for, is the same for all of them: [schedules](scenarios.md#schedules).

${table(explained)}

- **Told**: explicit, the caller is told that something went wrong; implicit, it must notice by itself.
- **Passes**: transient, the next try may work; permanent, it will not until somebody acts.
${faultKinds.map((kind) => section(kind)).join("")}`;
}

/** The column of what may be believed is there once a kind says it. */
function table(faults: readonly ExplainedFault[]): string {
  const isSaid = faults.some(({ mayBelieve }) => mayBelieve !== undefined);
  const believing = (text: string): readonly string[] => (isSaid ? [text] : []);
  return [
    row(["fault", "what the caller sees", "told", "passes", ...believing("what it may believe")]),
    row(["---", "---", "---", "---", ...believing("---")]),
    ...faults.map(({ name, callerSees, seen, lasts, mayBelieve = "–" }) =>
      row([`[${name}](#${name})`, callerSees, seen, lasts, ...believing(mayBelieve)]),
    ),
  ].join("\n");
}

function section(kind: FaultKind): string {
  const { name, about, plane, seen, lasts, callerSees, mayBelieve, engines, heals, options, grows } =
    explainFault(kind);
  const facts = [
    `**The caller sees** ${callerSees}.`,
    ...(mayBelieve === undefined ? [] : [`**It may believe** of what it asked: ${mayBelieve}.`]),
    `**Plane**: ${plane}; ${seen}, ${lasts}. **Engine**: ${engines}.`,
    `**Healed**: ${heals}.`,
    ...(grows.length === 0 ? [] : [`**May grow** with \`ramp\`: ${grows.join(", ")}.`]),
  ];
  const attributes = options.map((option) =>
    row([`\`${option.name}\``, takenInWords(option), withoutInWords(option), option.about]),
  );
  return `
## ${name}

${about}

${facts.map((fact) => `- ${fact}`).join("\n")}
${attributes.length === 0 ? "" : `\n${[row(["attribute", "takes", "where absent", ""]), row(["---", "---", "---", "---"]), ...attributes].join("\n")}\n`}
\`\`\`yaml
${exampleScenario(kind)}
\`\`\`
`;
}

function exampleScenario(kind: FaultKind): string {
  const link = kind.only?.plane === "agent-server" ? "agents->cloud" : "cloud->cloud-api";
  const place = kind.on === "process" ? { server: "cloud" } : { link };
  const server = [
    ...(kind.on === "process" && kind.needsReplicas ? ["replicas: 3, "] : []),
    ...(kind.only?.wire === "stdio" ? ["transport: stdio, "] : []),
  ].join("");
  const fault = { kind: kind.kind, ...place, ...exampleOf(kind) };
  const written = Object.entries(fault).map(
    ([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `name: with-${kind.kind}
upstreams: { cloud-api: { fixture: cloud-api } }
servers: { cloud: { fixture: cloud, ${server}upstreams: { CLOUD_API_URL: cloud-api } } }
agents: { planner: { chain: [{ call: cloud.FetchResources }] } }
phases: [{ baseline: 5s }, { fault: 5s, recovery: 5s }]
faults: [{ ${written.join(", ")} }]`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
