/** Injecting faults, watching for their mark at the tap, and taking every one of them back. */
import { messageOf, UnhealedError } from "../errors.ts";
import { faultKindNamed } from "../faults/registry.ts";
import type { Cure, LinkHandle, PreparedFault, Sign } from "../faults/handles.ts";
import type { Mode } from "../history/declared.ts";
import type { Recorder } from "../history/events.ts";
import type { FaultStepped } from "../history/schedule-events.ts";
import type { PlannedFault } from "../plan/plan.ts";
import type { World } from "../world.ts";
import { gatherEvidence } from "./fault-evidence.ts";

export interface FaultyLink extends LinkHandle {
  onSign(listener: (sign: Sign) => void): () => void;
}

export interface FaultDesk {
  inject(fault: PlannedFault, window: number): Promise<void>;
  /** Has what is on grow to its n-th step. */
  step(fault: PlannedFault, window: number, n: number): Promise<void>;
  heal(fault: PlannedFault, window: number): Promise<void>;
  /** Heals what is on, the latest first. */
  healAll(): Promise<void>;
  readonly active: () => readonly string[];
}

const healTries = 3;

export function openFaultDesk(options: {
  readonly mode: Mode;
  readonly links: ReadonlyMap<string, FaultyLink>;
  readonly recorder: Recorder;
  readonly world: World;
}): FaultDesk {
  const { mode, links, recorder, world } = options;
  const control = mode === "control" ? { control: true as const } : {};
  const on = new Map<string, FaultOn>();
  const keyOf = (fault: PlannedFault, window: number): string => `${fault.fault}/${window}`;

  const inject = async (fault: PlannedFault, window: number): Promise<void> => {
    const link = links.get(fault.link);
    if (link === undefined) throw new Error(`no link ${fault.link}`);
    const about = { type: "fault", fault: fault.fault, kind: fault.kind, link: fault.link, window } as const;
    const prepared = faultKindNamed(fault.kind).prepare(fault.attributes);
    recorder.record({ ...about, edge: "requested", ...control });
    if (mode === "control") {
      const heal = async (): Promise<void> => {
        recorder.record({ ...about, edge: "healed", form: prepared.healForm, ...control });
      };
      on.set(keyOf(fault, window), { fault, window, heal, change: async () => {} });
      return;
    }
    const evidence = gatherEvidence(about, prepared, recorder);
    const forget = link.onSign(evidence.onSign);
    const cure = await prepared.inject(link);
    const change = async (next: PreparedFault, made: FaultStepped): Promise<void> => {
      if (next.change === undefined) throw new Error(`${fault.kind} has nothing that could grow`);
      await next.change(cure);
      evidence.changed(next, made);
    };
    const heal = async (): Promise<void> => {
      const failure = await healed(cure, world);
      forget();
      if (failure === undefined) {
        recorder.record({ ...about, edge: "healed", form: prepared.healForm });
        return;
      }
      recorder.record({ ...about, edge: "unhealed", says: failure });
      throw new UnhealedError(`${fault.kind} on ${fault.link} could not be healed: ${failure}`);
    };
    on.set(keyOf(fault, window), { fault, window, heal, change });
  };

  const step = async (fault: PlannedFault, window: number, n: number): Promise<void> => {
    const made = stepOf(fault, window, n);
    const entry = on.get(keyOf(fault, window));
    if (entry === undefined || made === undefined) return;
    recorder.record({ ...made, ...control });
    await entry.change(faultKindNamed(fault.kind).prepare(grown(fault, n)), made);
  };

  const heal = async (fault: PlannedFault, window: number): Promise<void> => {
    const entry = on.get(keyOf(fault, window));
    on.delete(keyOf(fault, window));
    await entry?.heal();
  };

  const healAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const { fault, window } of [...on.values()].reverse()) {
      await heal(fault, window).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new UnhealedError(failures.map(messageOf).join("; "));
  };

  return {
    inject,
    step,
    heal,
    healAll,
    active: () => [...on.values()].map(({ fault }) => `${fault.kind} ${fault.link}`),
  };
}

interface FaultOn {
  readonly fault: PlannedFault;
  readonly window: number;
  readonly heal: () => Promise<void>;
  readonly change: (next: PreparedFault, made: FaultStepped) => Promise<void>;
}

function stepOf(
  { fault, kind, link, steps = [] }: PlannedFault,
  window: number,
  step: number,
): FaultStepped | undefined {
  const found = steps[step - 1];
  if (found === undefined) return undefined;
  return { type: "fault-step", fault, kind, link, window, step, edge: "made", attributes: found.attributes };
}

/** The attributes as they are after so many steps. */
function grown({ attributes, steps = [] }: PlannedFault, n: number): PlannedFault["attributes"] {
  return Object.fromEntries([attributes, ...steps.slice(0, n).map((step) => step.attributes)].flatMap(Object.entries));
}

/** Why it could not be healed, after every try; undefined when it was. */
async function healed(cure: Cure, world: World): Promise<string | undefined> {
  for (let left = healTries; ; left -= 1) {
    try {
      await cure.heal();
      return undefined;
    } catch (error) {
      if (left === 1) return messageOf(error);
      await world.sleep(250);
    }
  }
}
