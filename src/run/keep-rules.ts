/** Asking the stop rules, once a second, whether the run shall end. */
import type { Stop, StopRules } from "../measure/stop-rules.ts";
import type { World } from "../world.ts";

export interface KeptRules {
  /** Aborts when the run shall end; then it is known why. */
  readonly broken: AbortSignal;
  readonly stop: () => Stop | undefined;
  /** Resolves when nobody asks any more, and rejects where the rules themselves fail. */
  readonly done: Promise<void>;
}

const everyMs = 1000;

export function keepRules(on: {
  readonly rules: StopRules;
  readonly world: World;
  readonly nowUs: () => number;
  readonly until: AbortSignal;
}): KeptRules {
  const broken = new AbortController();
  let stop: Stop | undefined;
  const keep = async (): Promise<void> => {
    while (stop === undefined && (await on.world.sleep(everyMs, on.until))) stop = on.rules.check(on.nowUs());
    if (stop !== undefined) broken.abort();
  };
  return { broken: broken.signal, stop: () => stop, done: keep() };
}
