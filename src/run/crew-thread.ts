/** A crew in a thread of its own, as the supervisor commands it. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, UserError } from "../errors.ts";
import type { World } from "../world.ts";
import type { Crew } from "./crew.ts";
import type { Came, CrewBrief, Failure, Order, Said } from "./crew-messages.ts";
import type { ThreadHealth } from "./health-thread.ts";
import type { TokenDesk } from "./token-desk.ts";
import { newsTeller, type OpWatch } from "./op-news.ts";
import { unlessStopped } from "./unless-stopped.ts";

export interface ThreadOptions {
  readonly watch: OpWatch;
  readonly world: World;
  /** Whose tokens its agents show. */
  readonly tokens?: TokenDesk;
  /** The thread's part of the history cannot be written. */
  readonly onUnwritten: (error: Error) => void;
  /** The thread's part of the history is closed, and holds so many events. */
  readonly onWritten: (writer: string, events: number) => void;
  /** Tests of a crash bring a thread that crashes. */
  readonly entry?: URL;
}

// Beside the sources the worker is TypeScript, in the package it is JavaScript.
const workerEntry = new URL(`./crew-worker${extname(import.meta.filename)}`, import.meta.url);
/** Sessions that cannot be closed in this time end with the thread. */
const closeMaxMs = 10_000;

export function startCrewThread(
  brief: CrewBrief,
  { watch, world, tokens, onUnwritten, onWritten, entry }: ThreadOptions,
): Crew {
  const { writer } = brief.history;
  const tell = newsTeller(brief.declared, watch);
  const thread = openThread(new Worker(entry ?? workerEntry, { workerData: brief, name: `squall-${writer}` }), {
    name: `the agents' thread ${writer}`,
    onNews: (said) => {
      if (said.is === "news") tell(said.news);
      else if (said.is === "unwritten") onUnwritten(new UserError(said.says));
      else void renew(said.identity, said.number);
    },
  });
  const forgetTokens = tokens?.onGranted((granted) => thread.say({ do: "take-token", granted }));
  /** What is granted then is told to all threads. */
  const renew = async (identity: string, number: number): Promise<void> => {
    const isRenewed = await tokens?.renew(identity, number);
    if (tokens === undefined || isRenewed !== true) return thread.say({ do: "refuse-token", identity });
    thread.say({ do: "take-token", granted: tokens.get(identity) });
  };

  const drive = async (originUs: number): Promise<readonly ThreadHealth[]> => {
    const { health } = await thread.ask({ do: "drive", originUs });
    if (health === undefined) throw new Error(`the agents' thread ${writer} did not say how it kept up`);
    return health;
  };

  return {
    open: (stopping) => {
      whenAborted(stopping, () => thread.say({ do: "stop" }));
      return unlessStopped(stopping, thread.ask({ do: "open" })).then(() => undefined);
    },
    drive: ({ originUs, stopping, cutOff }) => {
      whenAborted(stopping, () => thread.say({ do: "stop" }));
      whenAborted(cutOff, () => thread.say({ do: "cut-off" }));
      const tellAll = async (): Promise<void> => void (await thread.ask({ do: "tell-all" }));
      return { done: drive(originUs), tellAll };
    },
    close: async () => {
      const closed = new AbortController();
      forgetTokens?.();
      try {
        const tooLong = world.sleep(closeMaxMs, closed.signal).then(() => undefined);
        const came = await Promise.race([thread.ask({ do: "close" }), tooLong]);
        if (came?.written !== undefined) onWritten(writer, came.written);
      } finally {
        closed.abort();
        await thread.end();
      }
    },
  };
}

interface Thread {
  /** Rejects with what the order failed with, or with why the thread has stopped. */
  ask(order: Order): Promise<Exclude<Came, { readonly failed: Failure }>>;
  /** Whether or not the thread is still there to hear it. */
  say(order: Order): void;
  end(): Promise<void>;
}

function openThread(
  worker: Worker,
  about: { readonly name: string; readonly onNews: (said: Exclude<Said, { readonly is: "answer" }>) => void },
): Thread {
  const asked = new Map<number, PromiseWithResolvers<Came>>();
  let ended: Error | undefined;
  let last = 0;

  const endWith = (why: string, cause?: unknown): void => {
    ended ??= new Error(`${about.name} has stopped: ${why}`, { cause });
    for (const { reject } of asked.values()) reject(ended);
    asked.clear();
  };
  worker.once("error", (cause) => endWith(messageOf(cause), cause));
  worker.once("exit", (code) => endWith(`it ended with code ${code}`));
  worker.on("message", (said: Said) => {
    if (said.is !== "answer") return about.onNews(said);
    const { to, ...came } = said;
    asked.get(to)?.resolve(came);
    asked.delete(to);
  });

  const ask: Thread["ask"] = async (order) => {
    if (ended !== undefined) throw ended;
    last += 1;
    const answer = Promise.withResolvers<Came>();
    asked.set(last, answer);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
    worker.postMessage({ number: last, order });
    const came = await answer.promise;
    if ("failed" in came) throw thrownBy(came.failed);
    return came;
  };

  return {
    ask,
    say: (order) => void ask(order).catch(() => {}),
    end: async () => {
      await worker.terminate();
    },
  };
}

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}

function thrownBy({ says, stack, user }: Failure): Error {
  if (user !== undefined) return new UserError(says, user);
  const error = new Error(says);
  if (stack !== undefined) error.stack = stack;
  return error;
}
