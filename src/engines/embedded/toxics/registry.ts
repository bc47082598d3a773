/** The toxic kinds. To add one: a file beside this one, and its line here. */
import { latency } from "./latency.ts";
import { resetPeer } from "./reset-peer.ts";
import { timeout } from "./timeout.ts";
import type { ToxicKind } from "./toxic.ts";

const toxicKinds: readonly ToxicKind[] = [latency, resetPeer, timeout];

export function findToxicKind(type: string): ToxicKind | undefined {
  return toxicKinds.find((kind) => kind.type === type);
}
