/**
 * Node's own fetch with the limits that a client of hostile servers cannot do without, and that nobody of good will
 * meets: it reads no endless answer, goes nowhere but where it was sent, so that headers with secrets go nowhere else, and
 * does not open a connection for each of very many questions that a server asks at once.
 */

/** A little more than the lean wire reads: several such answers must find room beside each other. */
export const fetchedBytesMax = 9 * 1024 * 1024;

/** What came was larger than is read. */
export class OversizedError extends Error {
  override readonly name = "OversizedError";
}

export type BoundedFetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

/** For one session. */
export function openBoundedFetch(): BoundedFetch {
  let answering = 0;
  return async (input, init = {}) => {
    if (!isAnswer(init)) return boundedFetch(input, init);
    if (answering >= answeringMost) throw new Error(`more than ${answeringMost} questions of the server at once`);
    answering += 1;
    try {
      return await boundedFetch(input, init);
    } finally {
      answering -= 1;
    }
  };
}

/** Answers of ours that are under way together; what is asked beyond them stays without one. */
const answeringMost = 32;

/** Not a request or notification, but the answer to one of the server's. */
function isAnswer({ method, body }: RequestInit): boolean {
  return method === "POST" && typeof body === "string" && !body.includes('"method":');
}

async function boundedFetch(input: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(input, { ...init, redirect: "manual" });
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  if (headers.get("content-type")?.startsWith("text/event-stream") !== true) {
    return new Response(response.body.pipeThrough(limitOfBytes()), { status, statusText, headers });
  }
  // A session's own stream lives as long as the session: only what is between two events has a limit.
  const isLasting = init.method !== "POST";
  return new Response(response.body.pipeThrough(limitOfEvents(isLasting)), { status, statusText, headers });
}

type Bytes = Uint8Array<ArrayBuffer>;

function limitOfBytes(): TransformStream<Bytes, Bytes> {
  let bytes = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      bytes += chunk.length;
      if (bytes <= fetchedBytesMax) controller.enqueue(chunk);
      else controller.error(tooLarge());
    },
  });
}

/** Hands events on whole: the SDK's reader copies what it has of one with each piece that comes. */
function limitOfEvents(startsAnew: boolean): TransformStream<Bytes, Bytes> {
  let bytes = 0;
  let events = 0;
  let waiting: Bytes[] = [];
  /** What may be the first half of an event's end. */
  let tail = "";
  const passOn = (controller: TransformStreamDefaultController<Bytes>): void => {
    if (waiting.length > 0) controller.enqueue(Buffer.concat(waiting));
    waiting = [];
  };
  return new TransformStream({
    transform: (chunk, controller) => {
      const text = tail + latin1(chunk);
      const ends = text.match(endsEvent)?.length ?? 0;
      tail = ends > 0 && endsWithEvent.test(text) ? "" : text.slice(-2);
      bytes = startsAnew && ends > 0 ? 0 : bytes + chunk.length;
      events += startsAnew ? 0 : ends;
      waiting.push(chunk);
      if (bytes > fetchedBytesMax || events > eventsMax) controller.error(tooLarge());
      else if (ends > 0) passOn(controller);
    },
    flush: passOn,
  });
}

function tooLarge(): OversizedError {
  return new OversizedError(`an answer of more than ${fetchedBytesMax / 1024 / 1024} MiB or ${eventsMax} events`);
}

/** The SDK takes far longer over an event than it takes to send one. */
const eventsMax = 10_000;

const endsEvent = /\n\r?\n|\r\r/g;
const endsWithEvent = /(?:\n\r?\n|\r\r)$/;

function latin1({ buffer, byteOffset, length }: Bytes): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}
