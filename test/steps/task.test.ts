/** A call that its server takes on as a task, in both revisions that know tasks. */
import { describe, expect, test } from "vitest";
import { task } from "../../src/steps/task.ts";
import type { Answers } from "../../src/wire/asked-back.ts";
import { answerOf, bare } from "../../src/wire/mcp-result.ts";
import type { Session } from "../../src/wire/session.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { askedWith, saying } from "./asked.ts";

type Revision = "2025-11-25" | "2026-07-28";
type Said = object | OutcomeClass;

/** A server that says this to one request after another: results as they come over the wire, or classes of failures. */
async function following(
  said: readonly (readonly [method: string, said: Said])[],
  about: {
    readonly revision?: Revision;
    readonly settings?: Readonly<Record<string, unknown>>;
    readonly answers?: Answers;
    readonly goOn?: () => undefined;
    /** The session is lost after this many requests, and this is the one after it. */
    readonly lostAfter?: number;
  } = {},
) {
  const { revision = "2025-11-25", settings = {}, answers = {}, lostAfter, ...over } = about;
  const { session: first, calls } = saying([]);
  let at = 0;
  const call: Session["call"] = async (request) => {
    calls.push(request);
    const [method, answer] = said[Math.min(at, said.length - 1)] ?? [];
    at += 1;
    expect(request.method).toBe(method);
    const words = (text: string): string => text;
    return typeof answer === "string" || answer === undefined
      ? bare(answer ?? "ok")
      : "error" in answer && !("status" in answer)
        ? answerOf({ error: answer.error as { code: number; message: string } }, { method: request.method, words })
        : answerOf({ result: { ...answer } }, { method: request.method, words });
  };
  const session: Session = {
    ...first,
    protocolVersion: revision,
    call,
    get lost() {
      return lostAfter !== undefined && at >= lostAfter;
    },
  };
  const another: Session = { ...first, protocolVersion: revision, call };
  const { asked, wentOn, world, back } = askedWith({
    args: { id: 1 },
    settings,
    answers,
    sessionNow: () => Promise.resolve(another),
    ...over,
  });
  const coming = task.ask(session, asked);
  let isOver = false;
  void coming.then(() => (isOver = true));
  const isUnderWay = (): boolean => !isOver;
  for (let waited = 0; waited < 120_000 && isUnderWay(); waited += 100) await world.advance(100);
  return {
    came: await coming,
    asked: calls.map(({ method }) => method),
    calls,
    wentOn,
    back,
    tookMs: world.nowUs() / 1000,
  };
}

const working = { taskId: "t-1", status: "working", ttl: 60_000, pollInterval: 500 };
const done = { content: [{ type: "text", text: "42" }] };
const flat = { resultType: "task", taskId: "t-1", status: "working", ttlMs: 60_000, pollIntervalMs: 500 };

describe("in 2025-11-25", () => {
  test("is asked for, asked after as often as the server says, and fetched", async () => {
    const { came, asked, calls, wentOn, tookMs } = await following(
      [
        ["tools/call", { task: working }],
        ["tasks/get", working],
        ["tasks/get", { ...working, status: "completed" }],
        ["tasks/result", done],
      ],
      { settings: { ttl: 60_000 } },
    );
    expect(came).toMatchObject({ class: "ok", outcome: "ok", result: done });
    expect(asked).toEqual(["tools/call", "tasks/get", "tasks/get", "tasks/result"]);
    expect(calls[0]?.params).toEqual({ name: "Tool", arguments: { id: 1 }, task: { ttl: 60_000 } });
    expect(calls[1]).toMatchObject({ name: "t-1", params: { taskId: "t-1" } });
    expect(wentOn.map(({ class: is }) => is)).toEqual(["task-begun", "task-begun", "ok"]);
    expect(tookMs).toBe(1000);
  });

  test("that fails is what its result says", async () => {
    const { came } = await following([
      ["tools/call", { task: working }],
      ["tasks/get", { ...working, status: "failed" }],
      ["tasks/result", { isError: true, content: [{ type: "text", text: "no" }] }],
    ]);
    expect(came).toMatchObject({ class: "tool-error", outcome: "failed", says: "no" });
  });

  test("that asks for something is fetched at once, for the question comes with its result", async () => {
    const { came, asked } = await following([
      ["tools/call", { task: { ...working, status: "input_required" } }],
      ["tasks/result", done],
    ]);
    expect(came.class).toBe("ok");
    expect(asked).toEqual(["tools/call", "tasks/result"]);
  });

  test("is cancelled when it takes too long, and its effect is unknown", async () => {
    const { came, asked } = await following(
      [
        ["tools/call", { task: working }],
        ["tasks/get", working],
        ["tasks/cancel", { ...working, status: "cancelled" }],
      ],
      { settings: { cancelAfter: 700 } },
    );
    expect(came).toMatchObject({ class: "task-cancelled", outcome: "unknown" });
    expect(asked).toEqual(["tools/call", "tasks/get", "tasks/cancel"]);
  });

  test("is asked after in another session where the first has been lost", async () => {
    const { came, asked } = await following(
      [
        ["tools/call", { task: working }],
        ["tasks/get", "session-lost"],
        ["tasks/get", { error: { code: -32602, message: "Task not found" } }],
      ],
      { lostAfter: 2 },
    );
    expect(came).toMatchObject({ class: "task-lost", outcome: "unknown", says: "Task not found" });
    expect(asked).toHaveLength(3);
  });
});

describe("in 2025-11-25, what tasks/result refuses", () => {
  const refused = { error: { code: -32602, message: "bad argument" } };
  const fetched = (status: string) =>
    following([
      ["tools/call", { task: working }],
      ["tasks/get", { ...working, status }],
      ["tasks/result", refused],
    ]);

  test("is the error of a task that has failed", async () => {
    expect((await fetched("failed")).came).toMatchObject({ class: "rpc-error", outcome: "failed" });
  });

  test("says nothing of a task that has not", async () => {
    expect((await fetched("completed")).came).toMatchObject({ class: "rpc-error", outcome: "unknown" });
  });

  test("a cancellation that comes too late is refused, and no task is lost by it", async () => {
    const { came } = await following(
      [
        ["tools/call", { task: working }],
        ["tasks/cancel", { error: { code: -32602, message: "already completed" } }],
        ["tasks/get", { ...working, status: "completed" }],
        ["tasks/result", done],
      ],
      { settings: { cancelAfter: 100 } },
    );
    expect(came).toMatchObject({ class: "ok" });
  });
});

describe("in 2026-07-28", () => {
  const of = (revision: Revision = "2026-07-28") => ({ revision });

  test("is the server's choice, and holds its result", async () => {
    const { came, asked, calls } = await following(
      [
        ["tools/call", flat],
        ["tasks/get", { ...flat, resultType: "complete" }],
        ["tasks/get", { ...flat, resultType: "complete", status: "completed", result: done }],
      ],
      of(),
    );
    expect(came).toMatchObject({ class: "ok", result: done });
    expect(asked).toEqual(["tools/call", "tasks/get", "tasks/get"]);
    expect(calls[0]?.params).not.toHaveProperty("task");
  });

  test("that failed holds the error", async () => {
    // It is no word of the server's about whether it knows the task.
    const error = { code: -32602, message: "broke" };
    const { came } = await following(
      [
        ["tools/call", flat],
        ["tasks/get", { ...flat, resultType: "complete", status: "failed", error }],
      ],
      of(),
    );
    expect(came).toMatchObject({ class: "rpc-error", rpcCode: -32602, says: "broke", outcome: "failed" });
  });

  test("that asks for something gets what the script says, each question once", async () => {
    const inputRequests = { who: { method: "elicitation/create" } };
    const asks = { ...flat, resultType: "complete", status: "input_required", inputRequests };
    const answers: Answers = { "elicitation/create": { is: "decline", result: { action: "decline" } } };
    const { came, asked, calls, back } = await following(
      [
        ["tools/call", flat],
        ["tasks/get", asks],
        ["tasks/update", { resultType: "complete" }],
        ["tasks/get", asks],
        ["tasks/get", { ...flat, resultType: "complete", status: "completed", result: done }],
      ],
      { ...of(), answers },
    );
    expect(came.class).toBe("ok");
    expect(calls[2]?.params).toEqual({ taskId: "t-1", inputResponses: { who: { action: "decline" } } });
    expect(asked).toHaveLength(5);
    expect(back).toHaveLength(1);
  });

  test("whose server takes note of a cancellation is asked after until it has ended", async () => {
    const { came, asked } = await following(
      [
        ["tools/call", flat],
        ["tasks/cancel", { resultType: "complete" }],
        ["tasks/get", { ...flat, resultType: "complete", status: "completed", result: done }],
      ],
      { ...of(), settings: { cancelAfter: 100 } },
    );
    // It was done all the same: that is how a race ends.
    expect(came.class).toBe("ok");
    expect(asked).toEqual(["tools/call", "tasks/cancel", "tasks/get"]);
  });
});

describe.each<Revision>(["2025-11-25", "2026-07-28"])("in %s as in the other", (revision) => {
  const begun = revision === "2025-11-25" ? { task: working } : flat;
  const still = revision === "2025-11-25" ? working : { ...flat, resultType: "complete" };
  const gone = { error: { code: -32602, message: "Task not found" } };

  test("a call that is answered at once is no task", async () => {
    const { came, asked, wentOn } = await following([["tools/call", done]], { revision });
    expect(came).toMatchObject({ class: "ok", result: done });
    expect(asked).toEqual(["tools/call"]);
    expect(wentOn).toEqual([]);
  });

  test("a call that is refused is no task", async () => {
    const { came } = await following([["tools/call", gone]], { revision });
    expect(came).toMatchObject({ class: "rpc-error", outcome: "failed" });
  });

  test("a question that is not answered is asked again", async () => {
    const { came, asked } = await following(
      [
        ["tools/call", begun],
        ["tasks/get", "timeout"],
        ["tasks/get", "refused"],
        ["tasks/get", gone],
      ],
      { revision },
    );
    expect(asked).toHaveLength(4);
    expect(came).toMatchObject({ class: "task-lost", outcome: "unknown" });
  });

  test("one that its server is too busy to tell of is not known to have failed", async () => {
    const { came } = await following(
      [
        ["tools/call", begun],
        ["tasks/get", "http-refusal"],
      ],
      { revision },
    );
    expect(came).toMatchObject({ class: "http-refusal", outcome: "unknown" });
  });

  test("one that its server does not know after the time that it said is not lost", async () => {
    const { came } = await following(
      [
        ["tools/call", revision === "2025-11-25" ? { task: { ...working, ttl: 400 } } : { ...flat, ttlMs: 400 }],
        ["tasks/get", gone],
      ],
      { revision },
    );
    expect(came).toMatchObject({ class: "rpc-error", outcome: "unknown" });
  });

  test("one that does not end in time is unknown", async () => {
    const { came, tookMs } = await following(
      [
        ["tools/call", begun],
        ["tasks/get", still],
      ],
      {
        revision,
        settings: { within: 2200 },
      },
    );
    expect(came).toMatchObject({ class: "task-begun", outcome: "unknown" });
    expect(tookMs).toBeLessThan(2500);
  });

  test("one that nobody has the time to ask after is unknown", async () => {
    const { came, asked } = await following([["tools/call", begun]], { revision, goOn: () => undefined });
    expect(came).toMatchObject({ class: "task-begun", outcome: "unknown" });
    expect(asked).toEqual(["tools/call"]);
  });
});
