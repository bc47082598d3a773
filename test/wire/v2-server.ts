/** Servers of the second SDK, which speak 2026-07-28 and, unless told otherwise, 2025 on the same endpoint. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

export interface V2Server {
  readonly url: URL;
  /** The HTTP method and the named headers of each request. */
  readonly heard: readonly { readonly method: string | undefined; readonly headers: NodeJS.Dict<string | string[]> }[];
  /** Calls that were cancelled before they had ended. */
  readonly cancelled: readonly string[];
  /** What calls carried in their `_meta`. */
  readonly metas: readonly unknown[];
  close(): Promise<void>;
}

export interface V2Options {
  /** Whether it also speaks 2025. */
  readonly legacy?: boolean;
  /** One more tool. */
  readonly named?: string;
  /** The tool Book, which answers with a question. */
  readonly asks?: boolean;
}

export async function startV2Server({ legacy = true, named, asks = false }: V2Options = {}): Promise<V2Server> {
  const heard: V2Server["heard"][number][] = [];
  const cancelled: string[] = [];
  const metas: unknown[] = [];
  const make = (): McpServer => {
    const server = new McpServer({ name: "v2", version: "1" });
    server.registerTool(
      "FetchResources",
      { inputSchema: z.object({ waitMs: z.number().default(0) }), annotations: { readOnlyHint: true } },
      async ({ waitMs }, { mcpReq }) => {
        const { _meta: meta } = mcpReq;
        metas.push(meta);
        const done = new Promise((resolve) => void setTimeout(resolve, waitMs));
        // It aborts after a normal end too.
        let isOver = false;
        mcpReq.signal.addEventListener("abort", () => {
          if (!isOver) cancelled.push("FetchResources");
        });
        await done;
        isOver = true;
        return { content: [{ type: "text", text: '{"resources":[{"id":"r-1"}]}' }] };
      },
    );
    if (asks) addBooking(server);
    if (named !== undefined) {
      server.registerTool(named, { inputSchema: z.object({}) }, () => ({ content: [{ type: "text", text: "1" }] }));
    }
    return server;
  };
  const handler = toNodeHandler(createMcpHandler(make, legacy ? {} : { legacy: "reject" }));
  const server = createServer((request, response) => {
    heard.push({ method: request.method, headers: request.headers });
    const { method = "", url = "" } = request;
    void handler(Object.assign(request, { method, url }), response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    heard,
    cancelled,
    metas,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function addBooking(server: McpServer): void {
  server.registerTool("Book", { inputSchema: z.object({}) }, (_, { mcpReq: { inputResponses } }) => {
    const given = acceptedContent(inputResponses, "who", z.object({ name: z.string() }));
    const who = inputRequired.elicit({ message: "who?", requestedSchema: z.object({ name: z.string() }) });
    if (given === undefined) return inputRequired({ inputRequests: { who }, requestState: "state-1" });
    return { content: [{ type: "text" as const, text: JSON.stringify(given) }] };
  });
}

/** The same over stdio, as a script that finds its packages from wherever it lies. */
export const v2StdioScript = `
const { McpServer } = await import(${JSON.stringify(import.meta.resolve("@modelcontextprotocol/server"))});
const { serveStdio } = await import(${JSON.stringify(import.meta.resolve("@modelcontextprotocol/server/stdio"))});
const { z } = await import(${JSON.stringify(import.meta.resolve("zod"))});
serveStdio(() => {
  const server = new McpServer({ name: "v2", version: "1" });
  server.registerTool("FetchResources", { inputSchema: z.object({}) }, () => ({ content: [{ type: "text", text: "[1]" }] }));
  server.registerTool("Hang", { inputSchema: z.object({}) }, (_, { mcpReq }) => new Promise((_, reject) => {
    mcpReq.signal.addEventListener("abort", () => { process.stderr.write("cancelled\\n"); reject(new Error("cancelled")); });
  }));
  return server;
});
`;
