/** What a crew's thread is given, and what is said between it and the supervisor. */
import type { Mistake, ExitCode } from "../errors.ts";
import type { Declared } from "../history/declared.ts";
import type { HistoryWriter } from "../history/segments.ts";
import type { PlannedArrivals, Stripe } from "../plan/arrivals.ts";
import type { PlannedPhase } from "../plan/plan.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import type { Dialect } from "../wire/dialect.ts";
import type { BriefedIdentity, Granted } from "./identity.ts";
import type { ThreadHealth } from "./health-thread.ts";
import type { News } from "./op-news.ts";

export interface CrewBrief {
  readonly stripe: Stripe;
  readonly groups: readonly BriefedGroup[];
  readonly phases: readonly PlannedPhase[];
  readonly declared: Pick<Declared, "steps" | "phases">;
  readonly nonce: string;
  readonly seed: number;
  /** All groups of the scenario: their numbers are part of every trace. */
  readonly groupNames: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly secrets: readonly string[];
  /** The tokens of all identities that are granted any. */
  readonly granted: readonly Granted[];
  readonly history: Pick<HistoryWriter, "originUs" | "number"> & {
    readonly directory: string;
    readonly writer: string;
  };
}

export interface BriefedGroup {
  readonly group: ScenarioGroup;
  readonly arrivals: PlannedArrivals;
  readonly targets: readonly {
    readonly server: string;
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly dialect?: Dialect;
    readonly identity?: BriefedIdentity;
  }[];
}

/** Each with a number that its answer repeats. */
export type Order =
  | { readonly do: "open" }
  | { readonly do: "drive"; readonly originUs: number }
  | { readonly do: "tell-all" }
  | { readonly do: "take-token"; readonly granted: Granted }
  /** There is no newer one to be had. */
  | { readonly do: "refuse-token"; readonly identity: string }
  | { readonly do: "stop" }
  | { readonly do: "cut-off" }
  | { readonly do: "close" };

export type Said =
  | { readonly is: "news"; readonly news: News }
  | { readonly is: "unwritten"; readonly says: string }
  /** A server has refused this token. */
  | { readonly is: "token-refused"; readonly identity: string; readonly number: number }
  | ({ readonly is: "answer"; readonly to: number } & Came);

export type Came =
  | { readonly health?: readonly ThreadHealth[]; readonly written?: number }
  | { readonly failed: Failure };

/** An error as it goes over to another thread. */
export interface Failure {
  readonly says: string;
  readonly stack?: string;
  /** Of an error that a person can mend. */
  readonly user?: { readonly exitCode: ExitCode; readonly mistakes: readonly Mistake[] };
}
