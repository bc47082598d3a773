/** The checks. To add one: a file beside this one, and its line here. */
import type { Check } from "./check.ts";
import { bleed } from "./bleed.ts";
import { disconnect } from "./disconnect.ts";
import { drift } from "./drift.ts";
import { duplicateEffects } from "./duplicate-effects.ts";
import { lostStreams } from "./lost-streams.ts";
import { lostTasks } from "./lost-tasks.ts";
import { progress } from "./progress.ts";
import { retryStorm } from "./retry-storm.ts";
import { sessionLoss } from "./session-loss.ts";
import { silentEmpty } from "./silent-empty.ts";
import { survives } from "./survives.ts";
import { tamperedState } from "./tampered-state.ts";
import { timeoutCascade } from "./timeout-cascade.ts";
import { wrongEffects } from "./wrong-effects.ts";

export const checks = [
  bleed,
  disconnect,
  drift,
  duplicateEffects,
  lostStreams,
  lostTasks,
  progress,
  retryStorm,
  sessionLoss,
  silentEmpty,
  survives,
  tamperedState,
  timeoutCascade,
  wrongEffects,
] as const satisfies readonly Check[];

export const checkNames = checks.map(({ name }) => name);
