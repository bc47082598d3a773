/** Asking a tool of a server of the scenario, over a session of its own that no link sees. */
import { z } from "zod";
import { parsedJson } from "../history/shape.ts";
import { callTool } from "../wire/requests.ts";
import type { Session } from "../wire/session.ts";
import { readKind, type ReadLimits } from "./kinds.ts";
import { jsonPath, rowsAt } from "./select.ts";

const attributes = z.strictObject({
  server: z.string().describe("the server that is asked, past every link; over stdio in a process of its own"),
  tool: z.string().min(1),
  args: z.record(z.string(), z.unknown()).default({}),
  rows: jsonPath
    .default("$")
    .describe("JSONPath to the list of rows in its structured content, or in the first text of it that is JSON"),
});

// While agents are at work, its requests to an upstream could not be told from theirs: it is asked before and after.
export const tool = readKind({
  kind: "tool",
  about: "rows that a tool of a server answers, asked before the run and after it",
  attributes,
  prepare: ({ server, tool: name, args, rows }) => ({
    server,
    open: ({ openSession, world }) => ({
      read: async (limits) => {
        const session = await openSession(server);
        try {
          return rowsAt(documentIn(await ask(session, { name, args, nonce: world.nonce() }, limits)), rows);
        } finally {
          await session.close();
        }
      },
      close: () => Promise.resolve(),
    }),
  }),
});

async function ask(
  session: Session,
  {
    name,
    args,
    nonce,
  }: { readonly name: string; readonly args: Readonly<Record<string, unknown>>; readonly nonce: string },
  { timeoutMs, signal }: ReadLimits,
): Promise<unknown> {
  const answer = await session.call({
    ...callTool(name, args),
    // A trace that is no op's.
    meta: { traceparent: `00-${nonce.repeat(4)}-${nonce.repeat(2)}-00`, "squall/op": "" },
    timeoutMs,
    onTimeout: "cancel",
    signal,
    onLate: () => {},
  });
  if (answer.outcome === "ok") return answer.result;
  throw new Error(`${name} was answered with ${answer.class}${answer.says === undefined ? "" : `: ${answer.says}`}`);
}

function documentIn(result: unknown): unknown {
  if (typeof result !== "object" || result === null) throw new Error("the tool answered nothing");
  if ("structuredContent" in result && result.structuredContent !== undefined) return result.structuredContent;
  const content: readonly unknown[] = "content" in result && Array.isArray(result.content) ? result.content : [];
  for (const item of content) {
    const text: unknown = typeof item === "object" && item !== null && "text" in item ? item.text : undefined;
    const document = typeof text === "string" ? parsedJson(text) : undefined;
    if (document !== undefined) return document;
  }
  throw new Error("the tool answered no structured content, and no text that is JSON");
}
