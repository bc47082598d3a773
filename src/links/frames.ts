/**
 * The messages between one client and one stdio process, read as they pass: each request joined with its answer by its
 * id. Lines pass unchanged, but for what a rule wants.
 */
import type { Instead, MadeAnswer, Question } from "../faults/handles.ts";
import type { Exchange } from "../history/events.ts";
import type { Meddled } from "../history/meddled.ts";
import { mayHoldJson } from "../history/shape.ts";
import type { World } from "../world.ts";
import { joinedBy } from "./canary.ts";
import { delayOf, meet, type Work } from "./rules.ts";
import { answeredIn, answerWithId, requestsIn, type RpcRequest } from "./tool-call.ts";
import type { LinkContext } from "./traffic.ts";
import { msBetween } from "./waits.ts";

type Id = RpcRequest["id"];

interface OpenFrame {
  readonly request: RpcRequest;
  readonly line: string;
  readonly joined: Pick<Exchange, "ops" | "attempt">;
  readonly startedUs: number;
  /** Undefined while it is held. */
  sentUs?: number;
  delivered: Meddled["delivered"];
  work: Work | undefined;
  did: boolean;
  made?: MadeAnswer["holds"];
  /** While something of it is held: how to let that go, and how to forget it. */
  pending?: { readonly goOn: () => void; readonly cancel: () => void };
}

/** All but the protocol, which frames tell by themselves. */
export type FrameContext = Omit<LinkContext, "protocol" | "exchangeWaits" | "closeWaits" | "habits" | "streamed">;

/** The two ways out. */
export interface LineOutlet {
  toCallee(line: string): void;
  toCaller(line: Buffer): void;
  /** The caller sees the server's stdout end. */
  close(): void;
}

// Requests that were given up are never answered; of these the oldest make room.
const openMax = 10_000;

export class Frames {
  readonly #context: FrameContext;
  readonly #connection: number;
  readonly #outlet: LineOutlet;
  readonly #world: Pick<World, "timer">;
  readonly #open = new Map<Id, OpenFrame>();

  constructor(
    context: FrameContext,
    { connection, outlet, world }: { connection: number; outlet: LineOutlet; world: Pick<World, "timer"> },
  ) {
    this.#context = context;
    this.#connection = connection;
    this.#outlet = outlet;
    this.#world = world;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** A line of the client. */
  up(line: string): void {
    const requests = requestsIn(line);
    const frames = requests.map((request) => this.#begun(request, line, { alone: requests.length === 1 }));
    const [first] = frames;
    if (first !== undefined && frames.length === 1) this.#meddleWithRequest(first);
    else {
      this.#outlet.toCallee(line);
      for (const frame of frames) this.#sent(frame);
    }
  }

  /** A line of the server whose first byte came then. */
  down(line: Buffer, firstByteUs: number): void {
    const ids = this.#open.size === 0 || !mayHoldJson(line) ? [] : answeredIn(line.toString());
    const answered = ids.flatMap((id) => this.#open.get(id) ?? []);
    let pass = true;
    for (const frame of answered) pass = this.#answered(frame, { line, firstByteUs, alone: ids.length === 1 }) && pass;
    if (pass) this.#outlet.toCaller(line);
  }

  reportSilence(): void {
    const { recorder, waits, sign } = this.#context;
    for (const { sentUs } of this.#open.values()) {
      if (sentUs === undefined) continue;
      sign({ is: "silent", waitedMs: msBetween(sentUs, recorder.nowUs()), usualMs: waits.usualMs() });
    }
  }

  /** Lets go what this rule holds back. */
  release(work: Work): void {
    for (const frame of this.#open.values()) if (frame.work === work) frame.pending?.goOn();
  }

  /** Records every exchange that is still open as ended so. */
  end(ended: Exchange["ended"]): void {
    for (const frame of this.#open.values()) this.#drop(frame, ended);
  }

  #begun(request: RpcRequest, line: string, { alone }: { readonly alone: boolean }): OpenFrame {
    const { recorder, tracer, rules } = this.#context;
    this.#drop(this.#open.get(request.id), "caller-left");
    const work = rules.any ? rules.take(askedBy(request), { held: alone }) : undefined;
    const joined = joinedBy(tracer, line);
    const frame: OpenFrame = { request, line, joined, startedUs: recorder.nowUs(), delivered: 0, work, did: false };
    this.#open.set(request.id, frame);
    if (request.tool !== undefined) this.#context.sign({ is: "called", tool: request.tool });
    const [oldest] = this.#open.values();
    if (this.#open.size > openMax) this.#drop(oldest, "caller-left");
    return frame;
  }

  #meddleWithRequest(frame: OpenFrame): void {
    const { work } = frame;
    const deed = work?.rule.deed;
    if (work === undefined || deed === undefined) this.#send(frame);
    // Whoever sends does not expect to be called back before it is done with that.
    else if (deed.does === "lose-request") this.#hold(frame, 0, () => this.#lose(frame, work, "lost", deed.instead));
    else if (deed.does === "answer-request") {
      const made = deed.make(askedBy(frame.request));
      this.#hold(frame, 0, () => this.#give(frame, work, made));
    } else if (deed.does === "delay-request") {
      this.#did(frame, work);
      this.#hold(frame, delayOf(deed, work), () => this.#send(frame));
    } else this.#send(frame);
  }

  /** Whether the line that brings the answer shall pass now. */
  #answered(
    frame: OpenFrame,
    { line, firstByteUs, alone }: { line: Buffer; firstByteUs: number; alone: boolean },
  ): boolean {
    // The first answer went already, or waits to.
    if (frame.pending !== undefined) return true;
    const { waits, sign } = this.#context;
    const { sentUs = firstByteUs, work } = frame;
    const deed = work?.on === true ? work.rule.deed : undefined;
    const usualMs = waits.usualMs();
    waits.add({ sentUs, answeredUs: firstByteUs });
    const answer = { firstByteUs, bytesDown: line.length + 1 };
    if (work !== undefined && deed?.does === "lose-answer") {
      this.#lose(frame, work, "eaten", deed.instead, answer);
      return false;
    }
    if (work !== undefined && deed?.does === "deliver-twice" && frame.delivered === 1) {
      this.#did(frame, work);
      this.#send(frame);
      return false;
    }
    if (work !== undefined && deed?.does === "replace-answer" && alone) {
      this.#give(frame, work, deed.make(askedBy(frame.request), { text: line.toString() }));
      return false;
    }
    if (work !== undefined && deed?.does === "delay-answer" && alone) {
      this.#did(frame, work);
      this.#hold(frame, delayOf(deed, work), () => {
        this.#outlet.toCaller(line);
        this.#over(frame, { ended: "answered", ...answer });
      });
      return false;
    }
    if (work !== undefined && (deed?.does === "reorder-answers" || deed?.does === "cross-answers") && alone) {
      this.#meet(frame, work, { line, withinMs: deed.withinMs, answer });
      return false;
    }
    this.#over(frame, { ended: "answered", ...answer });
    if (!frame.did) sign({ is: "answered", waitedMs: msBetween(sentUs, firstByteUs), usualMs });
    return true;
  }

  #meet(
    frame: OpenFrame,
    work: Work,
    about: {
      line: Buffer;
      withinMs: number;
      answer: Pick<Exchange, "firstByteUs" | "bytesDown"> & { bytesDown: number };
    },
  ): void {
    const { line, withinMs, answer } = about;
    const pass = (): void => {
      this.#outlet.toCaller(line);
      this.#over(frame, { ended: "answered", ...answer });
    };
    const goOn = (other: string | undefined): void => {
      frame.pending?.cancel();
      if (other === undefined) {
        this.#did(frame, work);
        pass();
      } else this.#give(frame, work, { holds: "garbage", body: answerWithId(other, frame.request.id) });
    };
    const wait = (alone: () => void, forget: () => void): void => this.#hold(frame, withinMs, alone, forget);
    meet(work, { mine: { text: line.toString(), goOn }, wait }, pass);
  }

  #lose(
    frame: OpenFrame,
    work: Work,
    ended: "eaten" | "lost",
    instead: Instead,
    answer: Partial<Pick<Exchange, "firstByteUs">> & Pick<Exchange, "bytesDown"> = { bytesDown: 0 },
  ): void {
    this.#did(frame, work);
    this.#over(frame, { ended, ...answer });
    if (instead !== "hang") this.#outlet.close();
  }

  #send(frame: OpenFrame): void {
    this.#outlet.toCallee(frame.line);
    this.#sent(frame);
  }

  #sent(frame: OpenFrame): void {
    frame.sentUs = this.#context.recorder.nowUs();
    frame.delivered = frame.delivered === 0 ? 1 : 2;
  }

  #give(frame: OpenFrame, work: Work, { body, linesBefore = [], unended, holds }: MadeAnswer): void {
    frame.made = holds;
    const firstByteUs = this.#context.recorder.nowUs();
    this.#did(frame, work);
    // A line break would make two lines of it.
    const line = Buffer.from(body.replaceAll(/[\r\n]+/g, " "));
    for (const before of linesBefore) this.#outlet.toCaller(Buffer.from(before));
    if (unended?.how !== "hang") this.#outlet.toCaller(line);
    const ended = unended === undefined || unended.answered ? "answered" : "eaten";
    this.#over(frame, { ended, firstByteUs, bytesDown: line.length + 1 });
  }

  #did(frame: OpenFrame, { rule }: Work): void {
    frame.did = true;
    this.#context.sign({ is: "meddled", rule });
  }

  #hold(frame: OpenFrame, ms: number, call: () => void, forget?: () => void): void {
    const goOn = (): void => {
      timer.cancel();
      delete frame.pending;
      call();
    };
    const timer = this.#world.timer(ms, goOn);
    const cancel = (): void => {
      timer.cancel();
      forget?.();
    };
    frame.pending = { goOn, cancel };
  }

  #drop(frame: OpenFrame | undefined, ended: Exchange["ended"]): void {
    if (frame !== undefined) this.#over(frame, { ended, bytesDown: 0 });
  }

  #over(frame: OpenFrame, how: Pick<Exchange, "ended" | "firstByteUs" | "bytesDown">): void {
    const { link, recorder, sign } = this.#context;
    const { request, joined, startedUs, sentUs, line, work, did } = frame;
    frame.pending?.cancel();
    this.#open.delete(request.id);
    if (!did) work?.giveBack();
    if (request.tool !== undefined) sign({ is: "returned", tool: request.tool });
    recorder.record({
      type: "exchange",
      link,
      connection: this.#connection,
      ...joined,
      method: request.method,
      path: "",
      ...(request.tool === undefined ? {} : { tool: request.tool }),
      // A line goes out in one piece.
      startedUs,
      ...(sentUs === undefined ? {} : { sentUs }),
      bytesUp: Buffer.byteLength(line) + 1,
      ...how,
      ...(work === undefined || !did ? {} : { meddled: meddledBy(work, frame) }),
    });
  }
}

function meddledBy({ rule }: Work, { delivered, made }: OpenFrame): Meddled {
  const meddled = { did: rule.deed.does, delivered };
  return made === undefined ? meddled : { ...meddled, made };
}

function askedBy({ method, id, tool }: RpcRequest): Question {
  const asked = { method, path: "", rpc: method, id };
  return tool === undefined ? asked : { ...asked, tool };
}
