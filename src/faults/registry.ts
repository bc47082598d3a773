/** The fault kinds. To add one: a file beside this one, and its line here. */
import { bandwidth } from "./bandwidth.ts";
import { cpuSlowDown } from "./cpu-slow-down.ts";
import { crossedAnswers } from "./crossed-answers.ts";
import { delay } from "./delay.ts";
import { duplicateDelivery } from "./duplicate-delivery.ts";
import { egressBlock } from "./egress-block.ts";
import { emptyResult } from "./empty-result.ts";
import { flap } from "./flap.ts";
import type { FaultKind } from "./kinds.ts";
import { httpStatus } from "./http-status.ts";
import { kill } from "./kill.ts";
import { latency } from "./latency.ts";
import { limitData } from "./limit-data.ts";
import { descriptorLimit, heapLimit } from "./limits.ts";
import { lostAnswer } from "./lost-answer.ts";
import { lostRequest } from "./lost-request.ts";
import { malformedAnswer } from "./malformed-answer.ts";
import { oversizedAnswer } from "./oversized-answer.ts";
import { pause } from "./pause.ts";
import { reorderedAnswers } from "./reordered-answers.ts";
import { reset } from "./reset.ts";
import { rollingRestart } from "./rolling-restart.ts";
import { rpcError } from "./rpc-error.ts";
import { scaleIn } from "./scale-in.ts";
import { schemaDrift } from "./schema-drift.ts";
import { slicer } from "./slicer.ts";
import { slowClose } from "./slow-close.ts";
import { sseCut } from "./sse-cut.ts";
import { sseEndless } from "./sse-endless.ts";
import { stdioNoise } from "./stdio-noise.ts";
import { stdoutClosed } from "./stdout-closed.ts";
import { timeout } from "./timeout.ts";
import { toolError } from "./tool-error.ts";

export const faultKinds = [
  bandwidth,
  cpuSlowDown,
  crossedAnswers,
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
  oversizedAnswer,
  pause,
  reorderedAnswers,
  reset,
  rollingRestart,
  rpcError,
  scaleIn,
  schemaDrift,
  slicer,
  slowClose,
  sseCut,
  sseEndless,
  stdioNoise,
  stdoutClosed,
  timeout,
  toolError,
] as const satisfies readonly FaultKind[];

export function faultKindNamed(name: string): FaultKind {
  const found = faultKinds.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`no fault kind ${name}`);
  return found;
}
