/** Runs one hostile server: `node serve.ts NAME`, on PORT where it speaks HTTP. */
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { honest, messageIn } from "./message.ts";
import { overHttp } from "./over-http.ts";
import { overStdio } from "./over-stdio.ts";

const name = process.argv[2] ?? "";
const [http, stdio] = [overHttp[name], overStdio[name]];
if (http !== undefined) {
  const counts = new Map<string, number>();
  createServer((request, response) => {
    void request.toArray().then(
      (parts: Buffer[]) => {
        if (request.method === "GET") return response.writeHead(405).end();
        const message = messageIn(Buffer.concat(parts).toString());
        const nth = counts.get(message.method) ?? 0;
        counts.set(message.method, nth + 1);
        if (http({ ...message, request, response, nth })) return undefined;
        const said = honest(message);
        if (said === undefined) return response.writeHead(202).end();
        return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
      },
      () => {},
    );
  }).listen(Number(process.env["PORT"]), "127.0.0.1");
} else if (stdio !== undefined) {
  const lines = createInterface({ input: process.stdin });
  if (!stdio({ method: "" })) process.stdin.resume();
  lines.on("line", (line) => {
    const message = messageIn(line);
    if (stdio(message)) return;
    const said = honest(message);
    if (said !== undefined) process.stdout.write(`${JSON.stringify(said)}\n`);
  });
  lines.on("close", () => process.exit(0));
} else throw new Error(`no hostile server is called ${name}`);
