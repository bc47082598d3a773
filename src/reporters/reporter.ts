/** What a reporter is: a string out of a result. It never sees agents, proxies or targets. */
import type { Verdicts } from "./verdicts.ts";

export interface RunResult {
  readonly verdicts: Verdicts;
  /** Where the run's files are. */
  readonly directory: string;
}

export interface ReportStyle {
  readonly colour: boolean;
}

export interface Reporter {
  readonly name: string;
  readonly about: string;
  readonly render: (result: RunResult, style: ReportStyle) => string;
}
