/**
 * A request that its server may answer with questions (2026-07-28): what the script says to them goes with the same
 * request made again, under a new id, until there is a result.
 */
import { isObject, type JsonObject } from "../wire/lean-rpc.ts";
import { saidTo, type Answering } from "../wire/asked-back.ts";
import type { Answer, McpRequest, Session } from "../wire/session.ts";
import type { World } from "../world.ts";
import type { Asked, Came } from "./kinds.ts";

/** As the SDK has it; a server that asks for ever must not keep us for ever. */
export const roundsMax = 10;
/** The same: how long it waits before it asks again a server that only wants to be asked again. */
const againAfterMs = 250;
interface Script {
  readonly answering: Answering | undefined;
  readonly world: World;
  readonly over: AbortSignal;
}

/** Of one answer; no person would answer more. */
const questionsMax = 32;

export function askInRounds(session: Session, request: McpRequest, asked: Asked): Promise<Came> {
  return session
    .call({ ...request, ...asked.manner })
    .then((answer) => (answer.class === "input-required" ? goOnInRounds(session, request, { asked, answer }) : answer));
}

async function goOnInRounds(
  session: Session,
  request: McpRequest,
  { asked, answer: first }: { readonly asked: Asked; readonly answer: Answer },
): Promise<Came> {
  let { manner } = asked;
  let answer = first;
  let tampers = asked.settings?.["tamper"] === true;
  for (let round = 0; round < roundsMax && answer.class === "input-required"; round += 1) {
    const input = await inputFor(answer, { ...asked, manner });
    const next = input === undefined ? undefined : asked.goOn(answer);
    if (next === undefined) return answer;
    manner = next;
    const state = input?.["requestState"];
    if (tampers && typeof state === "string" && state !== "") {
      tampers = false;
      const changed = { ...request.params, ...input, requestState: tamperedWith(state) };
      const came: Came = { ...(await session.call({ ...request, params: changed, ...manner })), tampered: true };
      // Refused, as it should be, it was no answer yet: the state as it came still gets one.
      const again = wentOn.has(came.class) ? undefined : asked.goOn(came);
      if (again === undefined) return came;
      manner = again;
    }
    answer = await session.call({ ...request, params: { ...request.params, ...input }, ...manner });
  }
  return answer;
}

/** What a server says that has taken a state for its own. */
const wentOn: ReadonlySet<string> = new Set(["ok", "task-begun"]);

/**
 * In the middle: the bits of a last character may mean nothing, those of a part of it as well, and the first may only tell
 * the encoding. Another letter, and not the same in capitals: who reads hex or a UUID takes the two for one.
 */
function tamperedWith(state: string): string {
  const middle = Math.floor(state.length / 2);
  const endsPart = !/\w/.test(state.charAt(middle + 1));
  const at = endsPart && middle > 0 ? middle - 1 : middle;
  const other = /a/i.test(state.charAt(at)) ? "B" : "A";
  return state.slice(0, at) + other + state.slice(at + 1);
}

/** Undefined where the script does not go on. */
async function inputFor({ result }: Answer, { manner, world, leftMs }: Asked): Promise<JsonObject | undefined> {
  const { answering, signal } = manner;
  const spent = new AbortController();
  const over = AbortSignal.any([signal, spent.signal]);
  const left = leftMs();
  const budget = Number.isFinite(left) ? world.timer(left, () => spent.abort()) : undefined;
  try {
    return await inputWithin(result, { answering, world, over });
  } finally {
    budget?.cancel();
  }
}

async function inputWithin(result: unknown, { answering, world, over }: Script): Promise<JsonObject | undefined> {
  if (!isObject(result)) return undefined;
  const { inputRequests, requestState } = result;
  const state = requestState === undefined ? {} : { requestState };
  const questions = isObject(inputRequests) ? Object.entries(inputRequests) : [];
  if (questions.length === 0) {
    const goesOn = requestState !== undefined && (await world.sleep(againAfterMs, over));
    return goesOn ? state : undefined;
  }
  const inputResponses = await responsesTo(questions, { answering, world, over });
  return inputResponses === undefined ? undefined : { inputResponses, ...state };
}

/** Undefined unless there is an answer to all of them. */
export async function responsesTo(
  questions: readonly (readonly [key: string, question: unknown])[],
  { answering, world, over }: Script,
): Promise<JsonObject | undefined> {
  if (answering === undefined || questions.length > questionsMax) return undefined;
  const responses = await Promise.all(
    questions.map(async ([key, question]) => {
      if (!isObject(question) || typeof question["method"] !== "string") return undefined;
      const { method, params } = question;
      const said = await saidTo({ method, ...(isObject(params) ? { params } : {}) }, answering, { world, over });
      return said !== undefined && "result" in said ? ([key, said.result] as const) : undefined;
    }),
  );
  const given = responses.filter((response) => response !== undefined);
  return given.length === questions.length ? Object.fromEntries(given) : undefined;
}
