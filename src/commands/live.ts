/** Progress on stderr: a block redrawn in place on a terminal, one line where it is small; elsewhere a line a phase. */
import { placeInWords } from "../history/fault-place.ts";
import { attributesInWords, type ScheduleEvent } from "../history/schedule-events.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunProgress } from "../run/progress.ts";
import { formatDuration } from "../units.ts";
import type { Timer } from "../world.ts";
import { hideCursor, showCursor } from "./cursor.ts";
import type { Io, Screen } from "./io.ts";
import { frameOf } from "./live-frame.ts";
import { createLiveState, said, type LiveState } from "./live-state.ts";

export interface Live {
  readonly on: (progress: RunProgress) => void;
  /** Writes something else without spoiling what is drawn. */
  readonly say: (text: string) => void;
  readonly end: () => void;
}

/** For --quiet: progress goes nowhere. */
export function quietly({ stderr: say }: Io): Live {
  const ignore = (): void => undefined;
  return { on: ignore, say, end: ignore };
}

/** `which` tells the run from the others of its batch: "2 of 5". */
export function showProgress(io: Io, plan: Plan, which?: string): Live {
  const state = createLiveState(plan);
  const startedUs = io.world.nowUs();
  const parts = [
    plan.scenario,
    `seed ${plan.seed}`,
    ...(plan.mode === "control" ? ["control run, no faults"] : []),
    formatDuration(plan.durationMs),
    ...(which === undefined ? [] : [`run ${which}`]),
  ];
  io.stderr(`${parts.join("  ")}\n`);
  const shown = io.screen === undefined ? inLines(io, state) : onScreen(io, io.screen, state);
  return {
    ...shown,
    end: () => {
      shown.end();
      const took = formatDuration(Math.round((io.world.nowUs() - startedUs) / 1000));
      const all = said(state.counts());
      io.stderr(`done in ${took}${all === "" ? "" : `  ${all}`}\n`);
    },
  };
}

/** No redraw is closer to the last one. */
const tickMs = 100;

const eraseRest = "\u001B[0J";
const eraseLine = "\u001B[K";

// A terminal that nobody has told its size says 0, as in some containers.
const usual = { columns: 80, rows: 24 };

function onScreen(io: Io, { size: sizeSaid, colour }: Screen, state: LiveState): Live {
  const size: Screen["size"] = () => {
    const { columns, rows } = sizeSaid();
    return { columns: columns || usual.columns, rows: rows || usual.rows };
  };
  let drawn: readonly string[] = [];
  let timer: Timer | undefined;

  /** Back to where the block began; a terminal that has become narrower has wrapped its lines. */
  const back = (): string => {
    const { columns } = size();
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / columns)), 0);
    return rows > 1 ? `\r\u001B[${rows - 1}A` : "\r";
  };
  const draw = (): void => {
    const frame = frameOf(state, { nowUs: io.world.nowUs(), size: size(), colour });
    if (frame.join("\n") !== drawn.join("\n")) {
      io.stderr(`${back()}${frame.map((line) => `${line}${eraseLine}`).join("\r\n")}${eraseRest}`);
      drawn = frame;
    }
  };
  const erase = (): void => {
    io.stderr(`${back()}${eraseRest}`);
    drawn = [];
  };
  const tick = (): void => {
    draw();
    timer = io.world.timer(tickMs, tick);
  };

  io.stderr(hideCursor);
  timer = io.world.timer(tickMs, tick);
  return {
    on: (progress) => state.on(progress, io.world.nowUs()),
    say: (text) => {
      erase();
      io.stderr(text);
    },
    end: () => {
      timer?.cancel();
      erase();
      io.stderr(showCursor);
    },
  };
}

// oxlint-disable-next-line no-control-regex
const colourCode = /\u001B\[\d+m/g;

function visibleLength(line: string): number {
  return line.replace(colourCode, "").length;
}

const heartbeatMs = 30_000;
/** Of a fault that comes and goes, only the first windows are told one by one. */
const windowsTold = 3;

/** Of a fault that grows for long, only the first steps are told one by one. */
const stepsTold = 3;

function scheduleSays(event: ScheduleEvent, { plan }: LiveState): string | undefined {
  const kind = plan.faults.find(({ fault }) => fault === event.fault)?.kind ?? "fault";
  const name = `${kind} on ${placeInWords(event)} (${event.fault})`;
  if (event.type === "fault-condition") {
    return event.is === "met"
      ? `${name} begins: ${event.says}`
      : `${name} is never injected, as its condition never came: ${event.says}`;
  }
  const { edge, window, step, attributes } = event;
  if (edge !== "made" || window >= windowsTold || step > stepsTold + 1) return undefined;
  if (step > stepsTold) return `${name} changes on; its further steps are in the history`;
  return `${name} step ${step}: ${attributesInWords(attributes)}`;
}

function inLines(io: Io, state: LiveState): Live {
  let timer: Timer | undefined;
  const beatLater = (): void => {
    timer?.cancel();
    timer = io.world.timer(heartbeatMs, () => line(`${state.doing()}  ${said(state.counts())}`.trimEnd()));
  };
  const line = (text: string): void => {
    io.stderr(`${text}\n`);
    beatLater();
  };
  beatLater();
  return {
    on: (progress) => {
      state.on(progress, io.world.nowUs());
      if (progress.is === "phase") {
        const { phase, startMs, endMs } = progress.phase;
        const before = said(progress.counts);
        line(`${phase} (${formatDuration(endMs - startMs)})${before === "" ? "" : `  before it: ${before}`}`);
      } else if (progress.is === "fault") {
        const { kind, edge, window, fault, control } = progress.fault;
        const place = placeInWords(progress.fault);
        if (window < windowsTold || edge === "unhealed") {
          line(`  ${kind} on ${place} (${fault}) ${edge}${control === true ? " in name only: a control run" : ""}`);
        } else if (window === windowsTold && edge === "requested") {
          line(`  ${kind} on ${place} (${fault}) goes on; its further windows are in the history`);
        }
      } else if (progress.is === "schedule") {
        const says = scheduleSays(progress.event, state);
        if (says !== undefined) line(`  ${says}`);
      }
    },
    say: io.stderr,
    end: () => timer?.cancel(),
  };
}
