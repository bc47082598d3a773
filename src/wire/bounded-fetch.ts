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
  // A session's own stream lives as long as the session: only what is between two events has a limit.
  const isLasting = init.method !== "POST" && headers.get("content-type")?.startsWith("text/event-stream") === true;
  return new Response(response.body.pipeThrough(limit(isLasting)), { status, statusText, headers });
}

function limit(startsAnew: boolean): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  let events = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      const ends = eventEndsIn(chunk);
      bytes = startsAnew && ends > 0 ? 0 : bytes + chunk.length;
      events += startsAnew ? 0 : ends;
      if (bytes <= fetchedBytesMax && events <= eventsMax) controller.enqueue(chunk);
      else
        controller.error(
          new OversizedError(`an answer of more than ${fetchedBytesMax / 1024 / 1024} MiB or ${eventsMax} events`),
        );
    },
  });
}

/** The SDK takes far longer over an event than it takes to send one. */
const eventsMax = 10_000;

const endsEvent = /\n\r?\n/g;

function eventEndsIn({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): number {
  return Buffer.from(buffer, byteOffset, length).toString("latin1").match(endsEvent)?.length ?? 0;
}
