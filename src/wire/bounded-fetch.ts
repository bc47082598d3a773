/**
 * Node's own fetch with the two limits that a client of hostile servers cannot do without, and that nobody of good will
 * meets: it reads no endless answer, and goes nowhere but where it was sent, so that headers with secrets go nowhere else.
 */

/** More than a user of the SDK has use for, and little enough to be in memory several times. */
export const fetchedBytesMax = 16 * 1024 * 1024;

/** What came was larger than is read. */
export class OversizedError extends Error {
  override readonly name = "OversizedError";
}

export async function boundedFetch(input: string | URL, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(input, { ...init, redirect: "manual" });
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(limit()), { status, statusText, headers });
}

function limit(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      bytes += chunk.length;
      if (bytes <= fetchedBytesMax) controller.enqueue(chunk);
      else controller.error(new OversizedError(`an answer of more than ${fetchedBytesMax / 1024 / 1024} MiB`));
    },
  });
}
