/** What this machine has of what Squall needs and can use, what is missing, what that costs, and how to mend it. */
import { arch, platform, release } from "node:os";
import { z } from "zod";
import { exitCodes } from "../../errors.ts";
import { printable } from "../../reporters/paint.ts";
import { version } from "../../version.ts";
import type { AddCommand } from "../main.ts";
import { limits } from "./limits.ts";
import { hindrances, needs } from "./needs.ts";
import { askAll, probedSchema, type Probed } from "./probe.ts";
import { programs } from "./programs.ts";

const probes = [...needs, ...limits, ...programs, ...hindrances];

export const doctorSchema = z.strictObject({
  schema: z.literal("squall.doctor/1"),
  squall: z.string(),
  platform: z.string(),
  exitCode: z.int(),
  probes: z.array(probedSchema),
});

type Diagnosis = z.output<typeof doctorSchema>;

export const addDoctor: AddCommand = (program, io, done) => {
  program
    .command("doctor")
    .description(
      "look what this machine has, what is missing, what that costs; exits 64 where something needed is missing",
    )
    .option("--json", "print one JSON document")
    .action(async (options: { json?: true }) => {
      const diagnosis = diagnosisOf(await askAll(probes, io.world));
      io.stdout(options.json === true ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : asText(diagnosis));
      done(diagnosis.exitCode);
    });
};

export function diagnosisOf(probed: Probed[]): Diagnosis {
  const lacks = probed.some(({ needed, state }) => needed && state === "missing");
  return {
    schema: "squall.doctor/1",
    squall: version,
    platform: `${platform()} ${release()} ${arch()}`,
    // A machine that cannot run Squall is a configuration to mend, not a failure of Squall.
    exitCode: lacks ? exitCodes.usage : exitCodes.passed,
    probes: probed,
  };
}

const marks = { there: "✓", limited: "!", missing: "–" } as const;

export function asText({ squall, platform, probes }: Diagnosis): string {
  const width = Math.max(...probes.map(({ probe }) => probe.length));
  const lines = probes.flatMap(({ probe, needed, state, says, costs, mend }) => [
    `${needed && state === "missing" ? "✗" : marks[state]} ${probe.padEnd(width)}  ${printable(says)}`,
    ...(costs === undefined ? [] : [`  ${"".padEnd(width)}    costs: ${costs}`]),
    ...(mend === undefined ? [] : [`  ${"".padEnd(width)}    mend:  ${mend}`]),
  ]);
  return `${[`squall ${squall} on ${platform}`, "", ...lines, "", conclusion(probes)].join("\n")}\n`;
}

function conclusion(probes: readonly Probed[]): string {
  const named = (wanted: (probe: Probed) => boolean): string =>
    probes
      .filter(wanted)
      .map(({ probe }) => probe)
      .join(", ");
  const lacking = named(({ needed, state }) => needed && state === "missing");
  if (lacking !== "") return `Squall cannot run here: ${lacking} is missing.`;
  const others = named(({ state }) => state !== "there");
  return `Everything needed is there.${others === "" ? "" : ` Missing or limited, and optional: ${others}.`}`;
}
