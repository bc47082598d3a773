/** Requests as they pass, each with another name in its header Host; what is no HTTP passes as it is. */
import { Transform } from "node:stream";
import { readRequests } from "./http-reader.ts";

export function hostNamed(host: string): Transform {
  /** The head that has not come to its end. */
  let held: Buffer[] = [];
  let isInHead = true;
  /** Where in the present chunk lies what has not been passed on. */
  let from = 0;
  let chunk: Buffer = Buffer.alloc(0);
  const passed: Buffer[] = [];
  const reader = readRequests({
    head: (_head, _startedUs, offset) => {
      const text = Buffer.concat([...held, chunk.subarray(from, offset)]).toString("latin1");
      passed.push(
        Buffer.from(
          text.replace(/^host:[^\r\n]*/im, () => `host: ${host}`),
          "latin1",
        ),
      );
      held = [];
      isInHead = false;
      from = offset;
      return "body";
    },
    body: () => {},
    end: (offset) => {
      passed.push(chunk.subarray(from, offset));
      isInHead = true;
      from = offset;
    },
  });
  const rest = (): Buffer => {
    const bytes = Buffer.concat(held);
    held = [];
    return bytes;
  };
  return new Transform({
    transform: (bytes: Buffer, _encoding, done) => {
      chunk = bytes;
      from = 0;
      reader.feed(bytes, 0);
      if (isInHead && reader.reading) held.push(bytes.subarray(from));
      else passed.push(rest(), bytes.subarray(from));
      done(null, Buffer.concat(passed.splice(0)));
    },
    flush: (done) => done(null, rest()),
  });
}
