/**
 * Reading the ledger of a fixture upstream, past every link: rows as they appear while the run lives, and at the end
 * until nothing changes any more.
 */
import { z } from "zod";
import { messageOf } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import type { World } from "../world.ts";

export interface LedgerReader {
  /** Reads on and off until told to stop. */
  follow(signal: AbortSignal): Promise<void>;
  /** Reads until nothing has changed for a while, or patience ends; records which. */
  settle(signal: AbortSignal): Promise<void>;
}

const page = z.object({
  rows: z.array(
    z.object({
      id: z.int(),
      effect: z.string(),
      key: z.string(),
      committedUs: z.number(),
      afterHangup: z.boolean(),
    }),
  ),
  total: z.int(),
  inFlight: z.int(),
});
type Page = z.output<typeof page>;

const rowsMax = 1000;
const readTimeoutMs = 5000;
const followEveryMs = 500;
const settleMaxMs = 20_000;

export function openLedgerReader(options: {
  readonly ledger: string;
  readonly url: URL;
  /** Finds the op that a row's key names, wherever in it. */
  readonly tracer: Tracer;
  /** How long nothing must change: as long as a caller may still be waiting for a server that is still at work. */
  readonly quietForMs: number;
  readonly recorder: Recorder;
  readonly world: World;
}): LedgerReader {
  const { ledger, url, tracer, quietForMs, recorder, world } = options;
  // The fixture stamps rows with the machine's monotonic clock; the history's clock is the same one, shifted.
  const originUs = world.nowUs() - recorder.nowUs();
  let after = 0;

  const readOn = async (): Promise<Page> => {
    for (;;) {
      const read = await readPage(url, after);
      for (const row of read.rows) {
        const committedUs = row.committedUs - originUs;
        const [op] = tracer.find(row.key);
        recorder.record({
          type: "effect",
          effect: row.effect,
          ledger,
          row: String(row.id),
          key: row.key,
          ...(op === undefined ? {} : { op: op.op }),
          committedUs: [committedUs, committedUs],
          ...(row.afterHangup ? { afterHangup: true as const } : {}),
        });
        after = Math.max(after, row.id);
      }
      if (read.rows.length < rowsMax) return read;
    }
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    while (await world.sleep(followEveryMs, signal)) {
      try {
        await readOn();
      } catch (error) {
        recorder.record({ type: "ledger-read", ledger, rows: 0, quiet: false, failed: messageOf(error) });
      }
    }
  };

  const settle = async (signal: AbortSignal): Promise<void> => {
    const endUs = world.nowUs() + settleMaxMs * 1000;
    let quietSinceUs = world.nowUs();
    let total = -1;
    try {
      for (;;) {
        const read = await readOn();
        const nowUs = world.nowUs();
        if (read.total !== total || read.inFlight > 0) quietSinceUs = nowUs;
        total = read.total;
        const quiet = nowUs - quietSinceUs >= quietForMs * 1000;
        if (quiet || nowUs >= endUs || signal.aborted) {
          recorder.record({ type: "ledger-read", ledger, rows: total, quiet });
          return;
        }
        await world.sleep(250, signal);
      }
    } catch (error) {
      recorder.record({ type: "ledger-read", ledger, rows: 0, quiet: false, failed: messageOf(error) });
    }
  };

  return { follow, settle };
}

async function readPage(url: URL, after: number): Promise<Page> {
  const at = new URL(url);
  at.searchParams.set("after", String(after));
  at.searchParams.set("limit", String(rowsMax));
  const response = await fetch(at, { signal: AbortSignal.timeout(readTimeoutMs) });
  if (!response.ok) throw new Error(`${url.href} answered HTTP ${response.status}`);
  return page.parse(await response.json());
}
