import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostNamed } from "../../src/links/host-name.ts";

async function passed(bytes: Buffer, sizes: readonly number[]): Promise<string> {
  const stream = hostNamed("example.test:8443");
  const came = buffer(stream);
  let from = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(from, from + size);
    from += size;
    if (piece.length > 0 && !stream.write(piece)) await once(stream, "drain");
  }
  stream.end();
  return (await came).toString("latin1");
}

const requests = (host: string): string =>
  `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nx-host: same\r\ncontent-length: 20\r\n\r\nHost: in the body\r\n\r\n` +
  `GET /mcp HTTP/1.1\r\naccept: */*\r\nhost: ${host}\r\n\r\n` +
  `POST /mcp HTTP/1.1\r\nHOST: ${host}\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhost: \r\n0\r\n\r\n`;

test("every request names the other host, however its bytes come, and nothing else is changed", async () => {
  const wanted = requests("example.test:8443").replace("Host: example", "host: example").replace("HOST", "host");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(60), { maxLength: 12 }), async (sizes) => {
      expect(await passed(Buffer.from(requests("127.0.0.1:1")), sizes)).toBe(wanted);
    }),
  );
});

test("what is no HTTP passes as it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1 }), fc.array(fc.nat(9)), async (bytes, sizes) => {
      expect(await passed(Buffer.from(bytes), sizes)).toBe(Buffer.from(bytes).toString("latin1"));
    }),
  );
});
