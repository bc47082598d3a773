/** When an agent asks a server what tools it has, and whether it ever asks again. */
import { z } from "zod";
import { policyPart, type Discovery } from "./policy.ts";

const attributes = z.strictObject({
  when: z
    .enum(["up-front", "first-use"])
    .default("up-front")
    .describe("up-front: as soon as a session is open; first-use: just before the first call"),
  keeps: z
    .enum(["session", "run"])
    .default("session")
    .describe("how long what was listed is believed: until a new session is opened, or for ever"),
  relist: z
    .array(z.enum(["list-changed", "refused"]))
    .max(2)
    .default([])
    .describe(
      "list-changed: before the next call once the server has said so, which is heard with listens: true; refused: when a call is refused for its tool or its arguments, and then it is made once more if what is listed has changed",
    ),
});

export const discovery = policyPart({
  about: "When it lists the tools of a server, and whether it lists them again; calls are made by what was listed.",
  source:
    "SDKs list when they are told to; OpenAI Agents with cacheToolsList and pydantic-ai keep a list for as long as they live; the specification has list_changed for the rest",
  attributes,
  prepare: (settings) => ({ discovery: settings }),
});

export type Why = "up-front" | "first-use" | "list-changed" | "refused";

/** Of one agent and one server. A value: none is ever changed. */
export interface Discovered {
  readonly isKnown: boolean;
  /** How often the server had said that its list changed, when it was listed last. */
  readonly heard: number;
  /** By tool, where a listing on its account has told nothing new: how many refusals are let pass now, and left of them. */
  readonly futile: ReadonlyMap<string, { readonly skips: number; readonly left: number }>;
}

/** Twice as many after each listing in vain, so that a server that refuses for other reasons is not asked without end. */
const skipsMax = 32;

export type Moment =
  /** A session has opened; what is heard is counted from here. */
  | { readonly is: "opened" }
  | { readonly is: "calling"; readonly heard: number }
  /** A call of this tool was refused for what it asked. */
  | { readonly is: "refused"; readonly tool: string }
  | {
      readonly is: "listed";
      readonly why: Why;
      readonly heard: number;
      readonly isNews: boolean;
      readonly tool?: string;
    };

export const nothingDiscovered: Discovered = { isKnown: false, heard: 0, futile: new Map() };

export function discover(
  { when, keeps, relist }: Discovery,
  state: Discovered,
  moment: Moment,
): { readonly state: Discovered; readonly list?: Why } {
  switch (moment.is) {
    case "opened": {
      const opened = keeps === "run" ? { ...state, heard: 0 } : nothingDiscovered;
      return opened.isKnown || when !== "up-front" ? { state: opened } : { state: opened, list: "up-front" };
    }
    case "calling":
      if (!state.isKnown) return { state, list: "first-use" };
      return relist.includes("list-changed") && moment.heard > state.heard
        ? { state, list: "list-changed" }
        : { state };
    case "refused": {
      if (!state.isKnown || !relist.includes("refused")) return { state };
      const { skips, left } = state.futile.get(moment.tool) ?? { skips: 0, left: 0 };
      if (left === 0) return { state, list: "refused" };
      return { state: { ...state, futile: new Map(state.futile).set(moment.tool, { skips, left: left - 1 }) } };
    }
    case "listed":
      return { state: { isKnown: true, heard: moment.heard, futile: futileAfter(state, moment) } };
    default:
      return moment satisfies never;
  }
}

function futileAfter({ futile }: Discovered, { why, isNews, tool }: Moment & { is: "listed" }): Discovered["futile"] {
  if (isNews) return new Map();
  if (why !== "refused" || tool === undefined) return futile;
  const skips = Math.min(skipsMax, 2 * (futile.get(tool)?.skips ?? 0.5));
  return new Map(futile).set(tool, { skips, left: skips });
}
