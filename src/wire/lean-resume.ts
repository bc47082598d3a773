/**
 * A request over HTTP whose event stream may be lost and resumed: where it ends or breaks before the answer, and its
 * events had ids, what is missing is asked for with a GET that names the last of them. It is one request to whoever waits.
 */
import type { LostStream, Resumption } from "../history/lost-stream.ts";
import { outcomeClasses } from "../history/outcomes.ts";
import type { Timer, World } from "../world.ts";
import type { Failure, OpenRequest, Reply, Seen } from "./lean-channel.ts";
import type { Words } from "./mcp-result.ts";
import type { Resuming } from "./session.ts";
import type { StreamWatch } from "./stream-watch.ts";

/** A server may end its stream again and again and bring something each time; but not for ever. */
const resumptionsMax = 100;

export interface ResumableOptions {
  readonly world: World;
  readonly words: Words;
  readonly watch: StreamWatch;
  readonly resuming: Resuming;
  readonly begin: (tell: (reply: Reply) => void, onClosed: () => void) => OpenRequest;
  readonly resume: (lastEventId: string, tell: (reply: Reply) => void, onClosed: () => void) => OpenRequest;
  readonly tell: (reply: Reply) => void;
  readonly onClosed: () => void;
}

/** What came of the original request. */
interface Lost {
  readonly reply: Failure;
  readonly afterUs: number;
  readonly events: number;
  readonly lastEventId: string | undefined;
}

export class Resumable implements OpenRequest {
  readonly #options: ResumableOptions;
  readonly #sentUs: number;
  #request: OpenRequest;
  #lost: Lost | undefined;
  readonly #resumptions: Resumption[] = [];
  /** What is asked for right now. */
  #askedAfterUs: number | undefined;
  #eventsBefore = 0;
  /** Resumptions in a row that brought nothing. */
  #inVain = 0;
  #waiting: Timer | undefined;
  #isOver = false;

  constructor(options: ResumableOptions) {
    this.#options = options;
    this.#sentUs = options.world.nowUs();
    this.#request = options.begin(
      (reply) => this.#onFirst(reply),
      () => this.#onClosed(),
    );
  }

  seen(): Readonly<Seen> {
    return this.#lost === undefined ? this.#request.seen() : this.#seenOf(this.#lost, "silent");
  }

  /** Nobody asks for the rest of what nobody waits for. */
  linger(): void {
    if (this.#waiting === undefined) this.#request.linger();
    this.#end();
  }

  destroy(): void {
    this.#isOver = true;
    if (this.#waiting === undefined) this.#request.destroy();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    if (this.#waiting === undefined) return;
    this.#waiting.cancel();
    this.#waiting = undefined;
    this.#options.onClosed();
  }

  #onClosed(): void {
    if (this.#isOver) this.#options.onClosed();
  }

  #onFirst(reply: Reply): void {
    const { watch, world } = this.#options;
    if (this.#isOver || reply.is === "answer" || !isLostStream(reply, watch)) return this.#tell(reply);
    const { events, lastEventId } = watch;
    this.#lost = { reply, afterUs: world.nowUs() - this.#sentUs, events, lastEventId };
    this.#waitOrTell(this.#lost);
  }

  #onResumed(lost: Lost, reply: Reply): void {
    const { watch } = this.#options;
    const came = cameOf(reply);
    const brought = watch.events - this.#eventsBefore;
    this.#keep(came, reply.seen.status);
    if (reply.is === "answer") {
      this.#tell({ ...reply, seen: this.#seenOf(lost) });
      // A stream that was taken up again may stay open for ever, and has nothing more to bring.
      return this.#request.destroy();
    }
    this.#inVain = brought > 0 ? 0 : this.#inVain + 1;
    if (came === "refused" || this.#isOver) return this.#tellLost(lost);
    this.#waitOrTell(lost);
  }

  #waitOrTell(lost: Lost): void {
    const { resuming, watch, world } = this.#options;
    const afterMs = watch.lastEventId === undefined ? undefined : resuming.afterMs(this.#inVain, watch.retryMs);
    if (afterMs === undefined || this.#resumptions.length >= resumptionsMax) return this.#tellLost(lost);
    this.#waiting = world.timer(afterMs, () => this.#ask(lost));
  }

  #ask(lost: Lost): void {
    const { watch, resume, world } = this.#options;
    this.#waiting = undefined;
    this.#askedAfterUs = world.nowUs() - this.#sentUs;
    this.#eventsBefore = watch.events;
    watch.isResumed = true;
    watch.twice = 0;
    watch.foreign = 0;
    this.#request = resume(
      watch.lastEventId ?? "",
      (reply) => this.#onResumed(lost, reply),
      () => this.#onClosed(),
    );
  }

  #keep(came: Resumption["came"], status: number | undefined): void {
    const underWay = this.#underWay(came, status);
    this.#askedAfterUs = undefined;
    if (underWay !== undefined) this.#resumptions.push(underWay);
  }

  #underWay(came: Resumption["came"], status: number | undefined): Resumption | undefined {
    const { events, twice, foreign } = this.#options.watch;
    if (this.#askedAfterUs === undefined) return undefined;
    return {
      afterUs: this.#askedAfterUs,
      came,
      ...(status === undefined ? {} : { status }),
      events: events - this.#eventsBefore,
      ...(twice === 0 ? {} : { twice }),
      ...(foreign === 0 ? {} : { foreign }),
    };
  }

  /** What is under way counts as come to this. */
  #seenOf({ reply, afterUs, events, lastEventId }: Lost, came?: Resumption["came"]): Seen {
    const { watch, words } = this.#options;
    const underWay = came === undefined ? undefined : this.#underWay(came, this.#request.seen().status);
    const shownId = lastEventId === undefined ? undefined : words(lastEventId);
    const lostStream: LostStream = {
      afterUs,
      events,
      ...(lastEventId === undefined ? {} : { lastEventId: shownId ?? "(blank)" }),
      ...(watch.retryMs === undefined ? {} : { retryMs: watch.retryMs }),
      ...(watch.sharedIds === 0 ? {} : { sharedIds: watch.sharedIds }),
      resumptions: underWay === undefined ? [...this.#resumptions] : [...this.#resumptions, underWay],
    };
    return { ...reply.seen, lostStream };
  }

  #tellLost(lost: Lost): void {
    this.#tell({ ...lost.reply, seen: this.#seenOf(lost) });
  }

  #tell(reply: Reply): void {
    this.#isOver = true;
    this.#options.tell(reply);
  }
}

/** A stream that had begun, and then ended or broke. */
function isLostStream({ class: is }: Failure, { events, lastEventId }: StreamWatch): boolean {
  return is === "stream-ended" || (is === "truncated" && (events > 0 || lastEventId !== undefined));
}

function cameOf(reply: Reply): Resumption["came"] {
  if (reply.is === "answer") return "answer";
  const { rung } = outcomeClasses[reply.class];
  if (reply.class === "truncated" || reply.class === "stream-ended" || reply.class === "wrong-id") return "ended";
  return rung === "connection" ? "unreached" : "refused";
}
