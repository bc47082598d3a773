/**
 * When ledgers are read: on and off while the run lives, and at the end until nothing changes any more. What a read is,
 * and what it records, the ledger says.
 */
import { messageOf } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import type { World } from "../world.ts";

export interface LedgerReader {
  /** Reads on and off until told to stop. */
  follow(signal: AbortSignal): Promise<void>;
  /** Reads until nothing has changed for a while, or patience ends; records which. */
  settle(signal: AbortSignal): Promise<void>;
}

/** What one read found. */
export interface Standing {
  readonly rows: number;
  /** Another text as soon as anything is different. */
  readonly state: string;
  /** Work is under way that may still change it. */
  readonly busy?: boolean;
  /** What a counter has grown by since the run began. */
  readonly grown?: number;
}

export interface Followed {
  readonly ledger: string;
  /** Reads once, and records what is new. */
  readonly read: (signal: AbortSignal) => Promise<Standing>;
  /** Absent: only at the end. */
  readonly everyMs?: number;
  /** How long nothing must change: as long as a caller may still be waiting for a server that is still at work. */
  readonly quietForMs: number;
  /** How often in a row a read may fail at the end before it is given up: what it reads may be just coming back. */
  readonly failuresMax: number;
  readonly recorder: Recorder;
  readonly world: World;
}

const settleMaxMs = 20_000;
const settleEveryMs = 250;
/** Reading must not become a load of its own: it takes a tenth of the time at most. */
const pausePerRead = 9;

export function followLedger(followed: Followed): LedgerReader {
  const { ledger, read, everyMs, quietForMs, failuresMax, recorder, world } = followed;
  const failed = (error: unknown): void => {
    recorder.record({ type: "ledger-read", ledger, rows: 0, quiet: false, failed: messageOf(error) });
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    if (everyMs === undefined) return;
    let pauseMs = everyMs;
    while (await world.sleep(pauseMs, signal)) {
      const fromUs = world.nowUs();
      try {
        await read(signal);
      } catch (error) {
        if (!signal.aborted) failed(error);
      }
      pauseMs = Math.max(everyMs, ((world.nowUs() - fromUs) / 1000) * pausePerRead);
    }
  };

  const settle = async (signal: AbortSignal): Promise<void> => {
    const endUs = world.nowUs() + settleMaxMs * 1000;
    let quietSinceUs = world.nowUs();
    let state: string | undefined;
    let failures = 0;
    for (;;) {
      try {
        const fromUs = world.nowUs();
        const { rows, grown, busy = false, ...now } = await read(signal);
        failures = 0;
        if (now.state !== state || busy) quietSinceUs = world.nowUs();
        state = now.state;
        // What a long read has found was so when it began.
        const quiet = fromUs - quietSinceUs >= quietForMs * 1000;
        if (quiet || world.nowUs() >= endUs || signal.aborted) {
          recorder.record({ type: "ledger-read", ledger, rows, quiet, ...(grown === undefined ? {} : { grown }) });
          return;
        }
      } catch (error) {
        failures += 1;
        if (failures >= failuresMax || world.nowUs() >= endUs || signal.aborted) {
          failed(error);
          return;
        }
      }
      await world.sleep(settleEveryMs, signal);
    }
  };

  return { follow, settle };
}
