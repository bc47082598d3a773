/** Measuring histories written out by hand. */
import type { HistoryEvent } from "../../src/history/events.ts";
import { assembleRecords } from "../../src/history/records.ts";
import { measure, type Measured } from "../../src/measure/measure.ts";

export function measuredOf(history: readonly HistoryEvent[]): Measured {
  const [started] = history;
  if (started?.type !== "run-started") throw new Error("a history begins with run-started");
  const assembler = assembleRecords(started.declared);
  const measuring = measure(started);
  for (const event of history) measuring.on(event, assembler.push(event));
  return measuring.end(assembler.flush());
}
