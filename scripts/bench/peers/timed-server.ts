/**
 * The barest MCP server with a record of how long each tools/call took it, from its first byte to its answer. It works
 * on plain sockets: a server of node:http leaves requests in the kernel for milliseconds while it collects its garbage,
 * and its own record knows nothing of them. `GET /begin` begins the record, `GET /times` reads it.
 */
import { createServer, type Socket } from "node:net";
import { integerFrom, serve } from "../../../fixtures/start.ts";
import { cannedAnswer } from "./canned.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const path = "/mcp";
const delayMs = integerFrom("DELAY_MS", 0);
const headEnd = "\r\n\r\n";

// In a list that grows, every so often one call would have to wait until all others are copied.
const timesUs = new Float64Array(2 ** 22);
let calls = 0;
let samples = 0;

const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

const server = createServer({ noDelay: true }, (socket) => {
  let unread = "";
  let fromUs = 0;
  // Whoever goes away in the middle of a call is the client's business.
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes) => {
    if (unread === "") fromUs = nowUs();
    unread += bytes.toString("latin1");
    for (let end = lengthOfFirst(unread); end !== undefined; end = lengthOfFirst(unread)) {
      const request = unread.slice(0, end);
      unread = unread.slice(end);
      answer(request, socket, fromUs);
    }
  });
});

/** Of the first request, head and body; undefined before it is there. */
function lengthOfFirst(unread: string): number | undefined {
  const end = unread.indexOf(headEnd);
  if (end === -1) return undefined;
  const length = end + headEnd.length + Number(/\r\ncontent-length: *(\d+)/i.exec(unread.slice(0, end))?.[1] ?? 0);
  return unread.length < length ? undefined : length;
}

function answer(request: string, socket: Socket, fromUs: number): void {
  if (request.startsWith("GET /begin ")) {
    // To sort what came before would hold up calls for longer than most of them take.
    samples = 0;
    send(socket, "");
  } else if (request.startsWith("GET /times ")) send(socket, readTimes());
  else if (request.startsWith("GET /counts ")) {
    server.getConnections((_, connections) =>
      send(socket, JSON.stringify({ atUs: nowUs(), calls, sessions: 0, connections })),
    );
  } else if (request.startsWith(`DELETE ${path} `)) send(socket, "");
  else if (!request.startsWith(`POST ${path} `)) send(socket, "", "405 Method Not Allowed");
  else call(request.slice(request.indexOf(headEnd) + headEnd.length), socket, fromUs);
}

function call(body: string, socket: Socket, fromUs: number): void {
  const answered = cannedAnswer(body);
  if (answered === undefined) send(socket, "", "202 Accepted");
  else if (answered.method !== "tools/call") send(socket, answered.text);
  else {
    const finish = (): void => {
      calls += 1;
      send(socket, answered.text);
      timesUs[samples % timesUs.length] = nowUs() - fromUs;
      samples += 1;
    };
    if (delayMs === 0) finish();
    else setTimeout(finish, delayMs);
  }
}

function send(socket: Socket, text: string, status = "200 OK"): void {
  socket.write(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}${headEnd}${text}`,
  );
}

function readTimes(): string {
  const sorted = timesUs.slice(0, samples).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return JSON.stringify({ samples: sorted.length, p50Us: at(0.5), p99Us: at(0.99) });
}

endWithStdin();
await serve(server, { path });
