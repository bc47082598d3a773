/** Injecting faults, watching for their mark at the tap, and taking every one of them back. */
import { messageOf, UnhealedError } from "../errors.ts";
import { faultKindNamed } from "../faults/registry.ts";
import type { Cure, Deed, LinkHandle, Sign } from "../faults/handles.ts";
import type { Mode } from "../history/declared.ts";
import type { Recorder } from "../history/events.ts";
import type { PlannedFault } from "../plan/plan.ts";
import { formatSize } from "../units.ts";
import { seededRandom, type World } from "../world.ts";

export interface FaultyLink extends LinkHandle {
  onSign(listener: (sign: Sign) => void): () => void;
}

export interface FaultDesk {
  inject(fault: PlannedFault, window: number): Promise<void>;
  heal(fault: PlannedFault, window: number): Promise<void>;
  /** Heals what is on, the latest first. */
  healAll(): Promise<void>;
  readonly active: () => readonly string[];
}

const healTries = 3;

export function openFaultDesk(options: {
  readonly mode: Mode;
  readonly links: ReadonlyMap<string, FaultyLink>;
  readonly seed: number;
  readonly recorder: Recorder;
  readonly world: World;
}): FaultDesk {
  const { mode, links, seed, recorder, world } = options;
  const control = mode === "control" ? { control: true as const } : {};
  const on = new Map<string, { readonly fault: PlannedFault; readonly window: number; heal: () => Promise<void> }>();
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
      on.set(keyOf(fault, window), { fault, window, heal });
      return;
    }
    let observed = false;
    const forget = link.onSign((sign) => {
      if (observed || !prepared.showsIn(sign)) return;
      observed = true;
      recorder.record({ ...about, edge: "observed", says: said(sign) });
    });
    const random = seededRandom(seed, "rule", fault.fault, window);
    const cure = await prepared.inject(link, () => random.next());
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
    on.set(keyOf(fault, window), { fault, window, heal });
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

  return { inject, heal, healAll, active: () => [...on.values()].map(({ fault }) => `${fault.kind} ${fault.link}`) };
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

function said(sign: Sign): string {
  switch (sign.is) {
    case "refused":
      return "a connection was refused";
    case "cut":
      return `a connection was ${sign.how === "rst" ? "reset" : "closed"}${sign.inFlight ? " with a request unanswered" : ""}${afterBytes(sign.passed?.downstream)}`;
    case "answered":
      return `an answer took ${Math.round(sign.waitedMs)} ms${usual(sign.usualMs)}`;
    case "silent":
      return `a request stayed unanswered for ${Math.round(sign.waitedMs)} ms${usual(sign.usualMs)}`;
    case "exchanged": {
      const { upstream, downstream } = sign.passed;
      const bytes = `${formatSize(upstream)} and their answer of ${formatSize(downstream)}`;
      return `${bytes} took ${Math.round(sign.tookMs)} ms${usual(sign.usualMs)}`;
    }
    case "closed":
      return `a connection was still open after ${Math.round(sign.lateMs)} ms${usual(sign.usualMs)}`;
    case "meddled":
      return deeds[sign.rule.deed.does];
    default:
      return sign satisfies never;
  }
}

const deeds: Readonly<Record<Deed["does"], string>> = {
  "lose-request": "a request was dropped",
  "lose-answer": "an answer was dropped",
  "delay-request": "a request was held back",
  "delay-answer": "an answer was held back",
  "deliver-twice": "a request was delivered twice",
  "reorder-answers": "two answers went on in the other order",
  "cross-answers": "two answers went to each other's callers",
  "answer-request": "a request was answered in place of its callee",
  "replace-answer": "an answer was replaced",
};

function afterBytes(bytes: number | undefined): string {
  return bytes === undefined ? "" : `, ${formatSize(bytes)} down its way`;
}

function usual(ms: number | undefined): string {
  return ms === undefined ? "" : ` (usual: ${Math.round(ms)} ms)`;
}
