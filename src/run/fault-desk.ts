/** Injecting faults, watching for their mark at the tap, and taking every one of them back. */
import { messageOf, UnhealedError } from "../errors.ts";
import { faultKindNamed } from "../faults/registry.ts";
import type { Chance, Cure, HealForm, LinkHandle, ProcessHandle, Sign } from "../faults/handles.ts";
import type { PreparedFault } from "../faults/kinds.ts";
import type { Mode } from "../history/declared.ts";
import type { Recorder } from "../history/events.ts";
import { linksMeeting, placeInWords, placeOf } from "../history/fault-place.ts";
import type { FaultStepped } from "../history/schedule-events.ts";
import type { PlannedFault } from "../plan/plan.ts";
import { seededRandom, type World } from "../world.ts";
import { gatherEvidence } from "./fault-evidence.ts";

export interface FaultyLink extends LinkHandle {
  onSign(listener: (sign: Sign) => void): () => void;
}

/** The processes of one server or upstream; of one replica, where there are several. */
export interface FaultyProcesses {
  /** What is done through the handle shows in the signs that it gives. */
  handle(sign: (sign: Sign) => void): ProcessHandle;
}

/** All that can be broken. */
export interface Breakable {
  readonly links: ReadonlyMap<string, FaultyLink>;
  /** By their place in words. */
  readonly processes: ReadonlyMap<string, FaultyProcesses>;
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
  readonly breakable: Breakable;
  readonly seed: number;
  readonly recorder: Recorder;
  readonly world: World;
}): FaultDesk {
  const { mode, breakable, seed, recorder, world } = options;
  const control = mode === "control" ? { control: true as const } : {};
  const on = new Map<string, FaultOn>();
  const keyOf = (fault: PlannedFault, window: number): string => `${fault.fault}/${window}`;

  const inject = async (fault: PlannedFault, window: number): Promise<void> => {
    const about = { type: "fault", fault: fault.fault, kind: fault.kind, ...placeOf(fault), window } as const;
    const prepared = preparedAt(fault, breakable);
    recorder.record({ ...about, edge: "requested", ...control });
    if (mode === "control") {
      const heal = async (): Promise<void> => {
        recorder.record({ ...about, edge: "healed", form: prepared.healForm, ...control });
      };
      on.set(keyOf(fault, window), { fault, window, heal, change: async () => {} });
      return;
    }
    const evidence = gatherEvidence(about, prepared, recorder);
    const forgets = prepared.watched.map((link) => link.onSign(evidence.onSign));
    const random = seededRandom(seed, "rule", fault.fault, window);
    const cure = await prepared.inject(evidence.onSign, () => random.next());
    const change = async (next: Changed, made: FaultStepped): Promise<void> => {
      if (next.change === undefined) throw new Error(`${fault.kind} has nothing that could grow`);
      await next.change(cure);
      evidence.changed(next, made);
    };
    const heal = async (): Promise<void> => {
      const failure = await healed(cure, world);
      for (const forget of forgets) forget();
      if (failure === undefined) {
        recorder.record({ ...about, edge: "healed", form: prepared.healForm });
        return;
      }
      recorder.record({ ...about, edge: "unhealed", says: failure });
      throw new UnhealedError(`${fault.kind} on ${placeInWords(fault)} could not be healed: ${failure}`);
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

  const active = (): string[] => [...on.values()].map(({ fault }) => `${fault.kind} ${placeInWords(fault)}`);
  return { inject, step, heal, healAll, active };
}

type Changed = Pick<PreparedFault, "change" | "showsIn">;

interface FaultOn {
  readonly fault: PlannedFault;
  readonly window: number;
  readonly heal: () => Promise<void>;
  readonly change: (next: Changed, made: FaultStepped) => Promise<void>;
}

function stepOf(planned: PlannedFault, window: number, step: number): FaultStepped | undefined {
  const { fault, kind, steps = [] } = planned;
  const found = steps[step - 1];
  if (found === undefined) return undefined;
  const { attributes } = found;
  return { type: "fault-step", fault, kind, ...placeOf(planned), window, step, edge: "made", attributes };
}

/** The attributes as they are after so many steps. */
function grown({ attributes, steps = [] }: PlannedFault, n: number): PlannedFault["attributes"] {
  return Object.fromEntries([attributes, ...steps.slice(0, n).map((step) => step.attributes)].flatMap(Object.entries));
}

interface PreparedAt {
  readonly healForm: HealForm;
  readonly showsIn: (sign: Sign) => boolean;
  /** Where it may show beside what its handle tells. */
  readonly watched: readonly FaultyLink[];
  readonly inject: (onSign: (sign: Sign) => void, chance: Chance) => Promise<Cure>;
}

function preparedAt(fault: PlannedFault, { links, processes }: Breakable): PreparedAt {
  const kind = faultKindNamed(fault.kind);
  const place = placeInWords(fault);
  const watched = linksMeeting(fault).flatMap((name) => links.get(name) ?? []);
  if (kind.on === "link") {
    const { inject, healForm, showsIn } = kind.prepare(fault.attributes);
    const link = links.get(place);
    if (link === undefined) throw new Error(`no link ${place}`);
    return { healForm, showsIn, watched, inject: (_, chance) => inject(link, chance) };
  }
  const { inject, healForm, showsIn } = kind.prepare(fault.attributes);
  const broken = processes.get(place);
  if (broken === undefined) throw new Error(`no processes of the ${place}`);
  return { healForm, showsIn, watched, inject: (onSign) => inject(broken.handle(onSign)) };
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
