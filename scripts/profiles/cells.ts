/** The table of profiles and servers: what is asked of each pair, and which verdict of which run answers it. */
import type { ProfileName } from "../../src/agents/profiles.ts";
import type { Verdicts } from "../../src/reporters/verdicts.ts";

export const servers = ["honest", "broken"] as const;
export type Server = (typeof servers)[number];

export interface Question {
  /** A file in scenarios/profiles, written for the broken server. */
  readonly scenario: string;
  /** The column's head. */
  readonly column: string;
  /** A check, or the threshold that begins so. */
  readonly answeredBy: { readonly check: string } | { readonly threshold: string };
  readonly asks: string;
}

export const questions: readonly Question[] = [
  {
    scenario: "lost-reply",
    column: "duplicates",
    answeredBy: { check: "duplicate-effects" },
    asks: "a write whose answer was lost (a 504 after the deed, then a reset) is done once",
  },
  {
    scenario: "upstream-dies",
    column: "silent empty",
    answeredBy: { check: "silent-empty" },
    asks: "while its upstream refuses connections, the server says so and does not answer with empty lists",
  },
  {
    scenario: "slow-tool",
    column: "cascade",
    answeredBy: { check: "timeout-cascade" },
    asks: "while its upstream hangs, the server does not go on working for callers who have given up",
  },
  {
    scenario: "flapping",
    column: "server storms",
    answeredBy: { threshold: "amplification(cloud->cloud-api" },
    asks: "while its upstream comes and goes, the server makes at most 1.2 requests there for each attempt",
  },
  {
    scenario: "flapping",
    column: "agents storm",
    answeredBy: { threshold: "amplification(client" },
    asks: "meanwhile the agents send at most 1.2 attempts for each op",
  },
  {
    scenario: "flapping",
    column: "starves after flaps",
    answeredBy: { threshold: "goodput(client" },
    asks: "once the upstream is back, at least 90 % of the baseline's share of ops is ok",
  },
  {
    scenario: "restart",
    column: "starves after restart",
    answeredBy: { threshold: "goodput(client" },
    asks: "the same after the server was restarted: calls are neither held back nor sent in a session that is gone",
  },
];

export interface Run {
  readonly scenario: string;
  readonly server: Server;
  readonly profile: ProfileName;
}

/** What is said behind the scenario's file to play it for this pair. */
export function setsOf({ scenario, server, profile }: Run): readonly string[] {
  const target = scenario === "restart" ? "notebook" : "cloud";
  return [
    "--set",
    `agents.client.policy.profile=${profile}`,
    ...(server === "honest" ? ["--set", `servers.${target}.defects=[]`] : []),
  ];
}

export interface Cell extends Run {
  readonly column: string;
  readonly verdict: "pass" | "fail" | "unknown";
  /** Why it is unknown. */
  readonly because?: string;
}

/** Every cell that one run answers. */
export function cellsOf(run: Run, verdicts: Pick<Verdicts, "checks" | "thresholds" | "gaps">): readonly Cell[] {
  return questions
    .filter(({ scenario }) => scenario === run.scenario)
    .map(({ column, answeredBy }) => {
      const answer =
        "check" in answeredBy
          ? verdicts.checks.find(({ check }) => check === answeredBy.check)
          : verdicts.thresholds.find(({ expression }) => expression.startsWith(answeredBy.threshold));
      if (answer === undefined) throw new Error(`${run.scenario} has nothing that answers "${column}"`);
      const because = verdicts.gaps[0]?.says ?? answer.because;
      const { verdict } = answer;
      return { ...run, column, verdict, ...(verdict === "unknown" && because !== undefined ? { because } : {}) };
    });
}
