/** The toxic kinds. To add one: a file beside this one, and its line here. */
import { bandwidth } from "./bandwidth.ts";
import { latency } from "./latency.ts";
import { limitData } from "./limit-data.ts";
import { noop } from "./noop.ts";
import { resetPeer } from "./reset-peer.ts";
import { slicer } from "./slicer.ts";
import { slowClose } from "./slow-close.ts";
import { timeout } from "./timeout.ts";
import type { ToxicKind } from "./toxic.ts";

const toxicKinds: readonly ToxicKind[] = [bandwidth, latency, limitData, noop, resetPeer, slicer, slowClose, timeout];

export function findToxicKind(type: string): ToxicKind | undefined {
  return toxicKinds.find((kind) => kind.type === type);
}
