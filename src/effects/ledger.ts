/** Reading the ledger of a fixture upstream, past every link: rows as they appear, with the time of each commit. */
import { z } from "zod";
import type { Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import type { World } from "../world.ts";
import { followLedger, type LedgerReader } from "./follow.ts";

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

export function openLedgerReader(options: {
  readonly ledger: string;
  readonly url: URL;
  /** Finds the op that a row's key names, wherever in it. */
  readonly tracer: Tracer;
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

  return followLedger({
    ledger,
    read: async () => {
      const { total, inFlight } = await readOn();
      return { rows: total, state: String(total), busy: inFlight > 0 };
    },
    everyMs: followEveryMs,
    quietForMs,
    failuresMax: 1,
    recorder,
    world,
  });
}

async function readPage(url: URL, after: number): Promise<Page> {
  const at = new URL(url);
  at.searchParams.set("after", String(after));
  at.searchParams.set("limit", String(rowsMax));
  const response = await fetch(at, { signal: AbortSignal.timeout(readTimeoutMs) });
  if (!response.ok) throw new Error(`${url.href} answered HTTP ${response.status}`);
  return page.parse(await response.json());
}
