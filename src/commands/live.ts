/** Progress on stderr: one redrawn line on a terminal; else a line a phase, and a heartbeat in long ones. */
import type { Plan } from "../plan/plan.ts";
import type { Counts, RunProgress } from "../run/progress.ts";
import { formatDuration } from "../units.ts";
import type { Io } from "./io.ts";

export interface Live {
  readonly on: (progress: RunProgress) => void;
  readonly end: () => void;
}

const redrawEveryUs = 100_000;
const heartbeatEveryUs = 30_000_000;

export function showProgress(io: Io, plan: Plan): Live {
  const { liveColumns: columns = 0 } = io;
  const isLive = columns > 0;
  let doing = "";
  let drawnUs = 0;
  const faultsOn = new Set<string>();
  const startedUs = io.world.nowUs();

  let last: Counts | undefined;
  const line = (counts: Counts): string => {
    const faults = faultsOn.size > 0 ? `  ⚡ ${[...faultsOn].join(", ")}` : "";
    return `${doing}  ${said(counts)}${faults}`;
  };
  const redraw = (text: string): void => {
    drawnUs = io.world.nowUs();
    // A line that wraps could not be drawn over.
    io.stderr(isLive ? `\r\u001B[2K${text.slice(0, columns - 1)}` : `${text}\n`);
  };

  const total = formatDuration(plan.durationMs);
  io.stderr(
    `${plan.scenario}  seed ${plan.seed}  ${plan.mode === "control" ? "control run, no faults  " : ""}${total}\n`,
  );
  return {
    on: (progress) => {
      const nowUs = io.world.nowUs();
      switch (progress.is) {
        case "step":
          doing = progress.says;
          if (isLive) redraw(doing);
          return;
        case "phase": {
          const { phase, startMs, endMs } = progress.phase;
          doing = `${phase} (${formatDuration(endMs - startMs)})`;
          // What has been counted so far belongs to the phases before this one.
          redraw(isLive ? line(progress.counts) : doing);
          return;
        }
        case "fault": {
          const { kind, link, edge } = progress.fault;
          if (edge === "requested") faultsOn.add(`${kind} ${link}`);
          if (edge === "healed") faultsOn.delete(`${kind} ${link}`);
          if (isLive) redraw(line(progress.counts));
          return;
        }
        case "op":
          last = progress.counts;
          if (nowUs - drawnUs > (isLive ? redrawEveryUs : heartbeatEveryUs)) redraw(line(progress.counts));
          return;
        default:
          progress satisfies never;
      }
    },
    end: () => {
      const took = formatDuration(Math.round((io.world.nowUs() - startedUs) / 1000));
      const all = last === undefined ? "" : `  ${said(last)}`;
      io.stderr(`${isLive ? "\r\u001B[2K" : ""}done in ${took}${all}\n`);
    },
  };
}

function said({ ops, ok, failed, unknown, notRun, effects }: Counts): string {
  if (ops === 0) return "";
  const parts = [`${ops} ops`, `${ok} ok`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (unknown > 0) parts.push(`${unknown} unknown`);
  if (notRun > 0) parts.push(`${notRun} not run`);
  if (effects > 0) parts.push(`${effects} effects`);
  return parts.join(", ");
}
