/** From a file to a scenario in which nothing is wrong, or to all of its mistakes at once. */
import { dirname } from "node:path";
import { UserError, type Mistake } from "../errors.ts";
import { createMasks } from "../masks.ts";
import { withProtocols } from "./addresses.ts";
import { withConfigured } from "./configured.ts";
import { openDocument, type ScenarioDocument } from "./document.ts";
import { allowingHosts } from "./egress.ts";
import { withTemplates } from "./file-templates.ts";
import { openMcpConfig, type McpConfig } from "./mcp-config.ts";
import { formatPath, type Finding, type Path } from "./mistakes.ts";
import { referenceFindings } from "./references.ts";
import { resolveScenario, type Scenario } from "./resolve.ts";
import { scenarioSchema, type ScenarioInput } from "./schema.ts";
import { resize, type Sizes } from "./resize.ts";
import { maskedMistake, secretsIn, withoutSecrets } from "./secrets.ts";
import { applySets } from "./set.ts";
import { survey } from "./survey.ts";
import type { Surroundings } from "./targets.ts";
import { schemaFindings } from "./validate.ts";

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** As resolved, secrets removed: what scenario.json holds. */
  readonly document: unknown;
  /** What options made of it, for whoever reads its plan. */
  readonly notes: readonly string[];
}

export async function loadScenario(
  options: Surroundings & {
    readonly file: string;
    /** The file as the person named it. */
    readonly named: string;
    readonly sets: readonly string[];
    readonly seed?: number;
    readonly sizes?: Sizes;
    /** Where an MCP client keeps its servers, for those that the scenario takes from there. */
    readonly mcpConfig?: { readonly file: string; readonly named: string };
    /** Our own entry, for scenarios that import it. */
    readonly entryUrl: URL;
  },
): Promise<LoadedScenario> {
  const { file, named, sets, seed, sizes = { agents: [] }, entryUrl } = options;
  const opened = await openDocument(file, entryUrl);
  if ("broken" in opened) throw mistaken(opened.broken.map((mistake) => ({ ...mistake, file: named })));
  const config = await clientsFile(options);
  const changed = applySets(opened.raw, seed === undefined ? sets : [...sets, `seed=${seed}`]);
  const configured = withConfigured(changed.raw, config);
  const templated = await withTemplates(configured.raw, dirname(file));
  const resized = resize(withProtocols(templated.raw, options.env), sizes);
  const surroundings = { ...options, ...(config === undefined ? {} : { configured: config.names }) };
  const findings = [
    ...configured.findings,
    ...templated.findings,
    ...schemaFindings(resized.raw),
    ...referenceFindings(survey(resized.raw), surroundings),
  ];
  const inScenario = placer(opened, named, [
    ...resized.paths.map((path) => ({ path, option: "--agents" })),
    ...changed.paths.map((path) => ({ path, option: "--set" })),
  ]);
  const place = (finding: Finding): Mistake =>
    templated.placed(finding) ?? configured.placed(finding) ?? inScenario(finding);
  const mistakes = [
    ...opened.mistakes.map((mistake) => ({ ...mistake, file: named })),
    ...changed.mistakes,
    ...configured.mistakes,
    ...resized.mistakes,
    ...distinct(findings).map(place),
  ];
  if (mistakes.length > 0) {
    const { mask } = createMasks(secretsIn(resized.raw, options.env));
    throw mistaken(mistakes.toSorted(byPlace).map((mistake) => maskedMistake(mistake, mask)));
  }
  // The schema has found nothing wrong, so the raw value is what the type says.
  const raw = resized.raw as ScenarioInput;
  const scenario = allowingHosts(resolveScenario(raw, scenarioSchema.parse(raw)), options.allowHosts);
  return { scenario, document: withoutSecrets(raw), notes: resized.notes };
}

async function clientsFile({ mcpConfig }: Parameters<typeof loadScenario>[0]): Promise<McpConfig | undefined> {
  if (mcpConfig === undefined) return undefined;
  const opened = await openMcpConfig(mcpConfig.file, mcpConfig.named);
  if ("broken" in opened) throw mistaken(opened.broken);
  return opened;
}

function mistaken(mistakes: readonly Mistake[]): UserError {
  return new UserError("the scenario is wrong", { mistakes });
}

/** The same mistake is told once, whoever finds it. */
function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ path, says }) => {
    const key = `${formatPath(path)} ${says}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function placer(
  { placeOf }: ScenarioDocument,
  file: string,
  given: readonly { readonly path: Path; readonly option: string }[],
): (finding: Finding) => Mistake {
  const optionOf = (path: Path): string | undefined =>
    given.find((one) => one.path.every((step, index) => path[index] === step))?.option;
  return ({ path, says, hint, atKey = false }) => ({
    path: formatPath(path),
    says,
    ...(hint === undefined ? {} : { hint }),
    ...placed(optionOf(path), { file, ...placeOf(path, atKey) }),
  });
}

function placed(option: string | undefined, inFile: Pick<Mistake, "file" | "line" | "column">) {
  return option === undefined ? inFile : { file: option };
}

function byPlace(a: Mistake, b: Mistake): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
