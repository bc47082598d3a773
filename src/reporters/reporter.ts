/** What a reporter is: a string out of a result. It never sees agents, proxies or targets. */
import type { Figures } from "../measure/figures.ts";
import type { Verdicts } from "./verdicts.ts";

export interface RunResult {
  readonly verdicts: Verdicts;
  readonly figures: Figures;
  /** Where the run's files are. */
  readonly directory: string;
}

/** A run that came to no verdict: its target was not there, or Squall broke. */
export interface NotRun {
  readonly scenario: string;
  readonly replay: string;
  readonly exitCode: number;
  readonly because: string;
  /** How many runs of it. */
  readonly times: number;
}

/** The runs of one command line: of several scenarios, or one scenario repeated. */
export interface Batch {
  readonly results: readonly RunResult[];
  readonly notRun: readonly NotRun[];
  /** The worst of all. */
  readonly exitCode: number;
  /** How often each scenario was to run, where that was asked for. */
  readonly repeat?: number;
}

export interface ReportStyle {
  readonly colour: boolean;
}

export interface Reporter {
  readonly name: string;
  readonly about: string;
  /** What its report is called in a run's folder, where every run keeps one. */
  readonly file?: string;
  readonly render: (result: RunResult, style: ReportStyle) => string;
  /**
   * How several runs are told. As one document; or one report after another and a closing text. A reporter that has
   * neither writes one file a run.
   */
  readonly several?:
    | { readonly as: "one-document"; readonly render: (batch: Batch) => string }
    | { readonly as: "in-turn"; readonly close: (batch: Batch, style: ReportStyle) => string };
}
