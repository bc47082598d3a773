/** All figures. To add one: its file in figures/, and its entry here. */
import type { Figure } from "./figure.ts";
import { calls } from "./figures/calls.ts";
import { engine } from "./figures/engine.ts";
import { install } from "./figures/install.ts";
import { judge } from "./figures/judge.ts";
import { omission } from "./figures/omission.ts";
import { sessions } from "./figures/sessions.ts";
import { soak } from "./figures/soak.ts";
import { quickstart, start } from "./figures/start.ts";
import { tap } from "./figures/tap.ts";
import { truth } from "./figures/truth.ts";

export const figures: readonly Figure[] = [
  calls,
  tap,
  engine,
  sessions,
  truth,
  omission,
  judge,
  soak,
  start,
  quickstart,
  install,
];
