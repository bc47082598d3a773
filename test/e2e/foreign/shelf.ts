/**
 * An MCP server that keeps books in a store over TCP, as foreign servers know their databases: by STORE_URL, by
 * `--store URL`, or by `--config FILE` with its host and port. It holds one connection and opens it anew when that is
 * lost. With STDIO it speaks over stdin, else at `--port`. MODE: honest says when the store fails; swallow answers an empty list.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: { readonly title?: string } };
}

const { values } = parseArgs({
  options: { store: { type: "string" }, config: { type: "string" }, port: { type: "string" } },
});
const { STORE_URL = "", MODE = "honest" } = process.env;
const at = storeAddress();
const patienceMs = 1000;
const tools = ["ListBooks", "AddBook"].map((name) => ({ name, inputSchema: { type: "object" } }));

function storeAddress(): { readonly host: string; readonly port: number } {
  if (values.config !== undefined) {
    const { host, port } = JSON.parse(readFileSync(values.config, "utf8")) as { host: string; port: number };
    return { host, port };
  }
  const url = new URL(values.store ?? STORE_URL);
  if (url.pathname !== "/library" || url.password !== "the-store-password") throw new Error(`odd url ${url.pathname}`);
  return { host: url.hostname, port: Number(url.port) };
}

let kept: Socket | undefined;
let turn: Promise<unknown> = Promise.resolve();

/** One line out, one line back; questions wait for each other. */
function ask(line: string): Promise<string> {
  const answer = turn.then(() => askNow(line));
  turn = answer.catch(() => {});
  return answer;
}

function askNow(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = (kept ??= connect(at));
    let heard = "";
    const onData = (chunk: Buffer): void => {
      heard += chunk.toString();
      if (heard.endsWith("\n")) settle(() => resolve(heard.trim()));
    };
    const fail = (why: string) => (): void => {
      kept = undefined;
      socket.destroy();
      settle(() => reject(new Error(why)));
    };
    const late = setTimeout(fail("the store did not answer in time"), patienceMs);
    const settle = (then: () => void): void => {
      clearTimeout(late);
      socket.off("data", onData).removeAllListeners("error").removeAllListeners("close");
      // What breaks while nobody asks is found out by the next who does.
      socket.on("error", () => {}).on("close", () => (kept = kept === socket ? undefined : kept));
      then();
    };
    socket.removeAllListeners("error").removeAllListeners("close");
    socket.on("data", onData).on("error", fail("the store is away")).on("close", fail("the store hung up"));
    socket.write(`${line}\n`);
  });
}

async function call(tool: string, title: string): Promise<unknown> {
  try {
    const answer = await ask(tool === "AddBook" ? `ADD ${title}` : "LIST");
    return resultOf(tool === "AddBook" ? { added: answer } : { books: answer.split(" ") });
  } catch (error) {
    if (MODE === "swallow") return resultOf({ books: [] });
    return { isError: true, content: [{ type: "text", text: String(error) }] };
  }
}

function resultOf(data: unknown): unknown {
  return { content: [{ type: "text", text: JSON.stringify(data) }], structuredContent: data };
}

async function answerTo({ method, params }: Message & { params?: { name?: string } }): Promise<unknown> {
  if (method === "tools/list") return { tools };
  if (method === "tools/call") return call(params?.name ?? "", params?.arguments?.title ?? "");
  if (method !== "initialize") return {};
  const { protocolVersion } = params ?? {};
  return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "shelf", version: "1" } };
}

async function answered(text: string): Promise<string | undefined> {
  const message = JSON.parse(text) as Message;
  if (message.id === undefined) return undefined;
  if (message.method === "server/discover") {
    return JSON.stringify({ jsonrpc: "2.0", id: message.id, error: { code: -32_601, message: "no such method" } });
  }
  return JSON.stringify({ jsonrpc: "2.0", id: message.id, result: await answerTo(message) });
}

if (values.port === undefined) {
  createInterface({ input: process.stdin }).on("line", (line) => {
    void answered(line).then((text) => text !== undefined && process.stdout.write(`${text}\n`));
  });
} else {
  createServer((request, response) => {
    const serve = async (): Promise<void> => {
      const text = Buffer.concat(await request.toArray()).toString();
      const answer = text === "" ? undefined : await answered(text);
      if (answer === undefined) response.writeHead(request.method === "POST" ? 202 : 405).end();
      else response.writeHead(200, { "content-type": "application/json" }).end(answer);
    };
    void serve();
  }).listen(Number(values.port), "127.0.0.1");
}
