/** What a kind of step is handed to ask with, and what came of it. */
import type { Asked, Manner } from "../../src/steps/kinds.ts";
import type { AskedBack } from "../../src/wire/asked-back.ts";
import type { Answers } from "../../src/wire/asked-back.ts";
import type { Answer, CallRequest, Session } from "../../src/wire/session.ts";
import { fakeWorld } from "../fake-world.ts";

/** A session that gives these answers in turn, the last one again and again. */
export function saying(answers: readonly Answer[]) {
  const calls: CallRequest[] = [];
  const session: Session = {
    protocolVersion: "2025-11-25",
    lost: false,
    call: (request) => {
      calls.push(request);
      return Promise.resolve(answers[Math.min(calls.length, answers.length) - 1] ?? { class: "ok", outcome: "ok" });
    },
    listTools: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  return { session, calls };
}

export function askedWith({ answers = {}, ...over }: Partial<Asked> & { readonly answers?: Answers } = {}) {
  const back: AskedBack[] = [];
  const wentOn: Answer[] = [];
  const world = fakeWorld();
  const manner: Manner = {
    meta: { traceparent: "00-1-1-01", "squall/op": "x" },
    timeoutMs: 1000,
    onTimeout: "cancel",
    signal: new AbortController().signal,
    onLate: () => undefined,
    answering: { answers, onAsked: (one) => void back.push(one) },
  };
  const asked: Asked = {
    tool: "Tool",
    args: {},
    manner,
    nowUs: world.nowUs,
    world,
    leftMs: () => Number.POSITIVE_INFINITY,
    goOn: (answer) => {
      wentOn.push(answer);
      return manner;
    },
    sessionNow: () => Promise.resolve(undefined),
    ...over,
  };
  return { asked, back, wentOn, world };
}
