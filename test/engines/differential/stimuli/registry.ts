import type { Stimulus } from "../stimulus.ts";
import { populateCalls } from "./populate-calls.ts";
import { proxyCalls } from "./proxy-calls.ts";
import { shapes } from "./shapes.ts";
import { toxicCalls } from "./toxic-calls.ts";
import { connections } from "./connections.ts";
import { delays } from "./delays.ts";
import { closings } from "./closings.ts";
import { toxicities } from "./toxicities.ts";

export const stimuli: readonly Stimulus[] = [
  ...proxyCalls,
  ...populateCalls,
  ...toxicCalls,
  ...connections,
  ...delays,
  ...closings,
  ...shapes,
  ...toxicities,
];
