/** The fault kinds. To add one: a file beside this one, and its line here. */
import { bandwidth } from "./bandwidth.ts";
import { cpuSlowDown } from "./cpu-slow-down.ts";
import { delay } from "./delay.ts";
import { duplicateDelivery } from "./duplicate-delivery.ts";
import { egressBlock } from "./egress-block.ts";
import { emptyResult } from "./empty-result.ts";
import { flap } from "./flap.ts";
import type { FaultKind } from "./handles.ts";
import { httpStatus } from "./http-status.ts";
import { kill } from "./kill.ts";
import { latency } from "./latency.ts";
import { limitData } from "./limit-data.ts";
import { descriptorLimit, heapLimit } from "./limits.ts";
import { lostAnswer } from "./lost-answer.ts";
import { lostRequest } from "./lost-request.ts";
import { malformedAnswer } from "./malformed-answer.ts";
import { pause } from "./pause.ts";
import { reset } from "./reset.ts";
import { rpcError } from "./rpc-error.ts";
import { rollingRestart } from "./rolling-restart.ts";
import { scaleIn } from "./scale-in.ts";
import { slicer } from "./slicer.ts";
import { slowClose } from "./slow-close.ts";
import { timeout } from "./timeout.ts";
import { toolError } from "./tool-error.ts";

export const faultKinds = [
  bandwidth,
  cpuSlowDown,
  delay,
  descriptorLimit,
  duplicateDelivery,
  egressBlock,
  emptyResult,
  flap,
  heapLimit,
  httpStatus,
  kill,
  latency,
  limitData,
  lostAnswer,
  lostRequest,
  malformedAnswer,
  pause,
  reset,
  rpcError,
  rollingRestart,
  scaleIn,
  slicer,
  slowClose,
  timeout,
  toolError,
] as const satisfies readonly FaultKind[];

export function faultKindNamed(name: string): FaultKind {
  const found = faultKinds.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`no fault kind ${name}`);
  return found;
}
