/** What a probe is, and asking many at once: each within its time, and none that fails takes the others down. */
import { z } from "zod";
import { messageOf } from "../../errors.ts";
import type { World } from "../../world.ts";

export interface Found {
  readonly state: "there" | "limited" | "missing";
  readonly says: string;
  /** What is not possible, or less sure, because of it. */
  readonly costs?: string;
  readonly mend?: string;
}

export interface Probe {
  readonly name: string;
  /** Without it nothing runs. */
  readonly needed: boolean;
  /** What it costs not to have it, and what to do, where the probe itself cannot tell. */
  readonly costs: string;
  readonly mend: string;
  readonly withinMs?: number;
  readonly look: (world: World) => Promise<Found>;
}

export const probedSchema = z.strictObject({
  probe: z.string(),
  needed: z.boolean(),
  state: z.enum(["there", "limited", "missing"]),
  says: z.string(),
  costs: z.string().optional(),
  mend: z.string().optional(),
});

export type Probed = z.output<typeof probedSchema>;

const withinMsUsual = 2000;

export async function askAll(probes: readonly Probe[], world: World): Promise<Probed[]> {
  return Promise.all(probes.map((probe) => ask(probe, world)));
}

async function ask(probe: Probe, world: World): Promise<Probed> {
  const { name, needed, costs, mend, withinMs = withinMsUsual } = probe;
  const answered = new AbortController();
  const missing = (says: string): Found => ({ state: "missing", says });
  const looking = Promise.resolve()
    .then(() => probe.look(world))
    .catch((error: unknown) => missing(messageOf(error)));
  const tooLong = world.sleep(withinMs, answered.signal).then(() => missing(`no answer within ${withinMs / 1000} s`));
  const found = await Promise.race([looking, tooLong]);
  answered.abort();
  return { probe: name, needed, ...(found.state === "there" ? {} : { costs, mend }), ...found };
}
