import { z } from "zod";
import { bare } from "../wire/mcp-result.ts";
import { isObject } from "../wire/lean-rpc.ts";
import { listings, listPage, pagesMax, type Listed } from "../wire/requests.ts";
import { shapeOfResult } from "../wire/result-shape.ts";
import { listingOf } from "./listing.ts";
import { stepKind, textIn, type Asked, type Came, type Values } from "./kinds.ts";
import type { Session } from "../wire/session.ts";

const whatCanBeListed = ["tools", "resources", "prompts", "resource-templates"] as const satisfies readonly Listed[];

export const list = stepKind({
  key: "list",
  about: "a server that is asked what it has, page by page; goes with what",
  like: "server",
  keys: { what: z.enum(whatCanBeListed).optional().describe("with list: tools where absent") },
  takesArgs: false,
  aimOf: (value, step) => ({ server: value, tool: listings[listedBy(step)].method }),
  argsOf: () => ({}),
  ask: listAll,
});

function listedBy(step: Values): Listed {
  const written = textIn(step, "what");
  return whatCanBeListed.find((what) => what === written) ?? "tools";
}

/** All pages are one answer, and the patience is for all of them. */
async function listAll(session: Session, { tool, manner, nowUs }: Asked): Promise<Came> {
  const what = whatCanBeListed.find((one) => listings[one].method === tool) ?? "tools";
  const { method, member } = listings[what];
  const untilUs = nowUs() + manner.timeoutMs * 1000;
  const entries: unknown[] = [];
  let bytes = 0;
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const timeoutMs = Math.max(1, (untilUs - nowUs()) / 1000);
    const came = await session.call({ ...listPage(what, cursor), ...manner, timeoutMs });
    bytes += came.bytes ?? 0;
    const answer = came.bytes === undefined ? came : { ...came, bytes };
    if (answer.outcome !== "ok" || !isObject(answer.result)) return answer;
    const { [member]: listed, nextCursor } = answer.result;
    if (Array.isArray(listed)) entries.push(...listed);
    if (typeof nextCursor !== "string") {
      const result = { ...answer.result, [member]: entries };
      return { ...answer, answer: shapeOfResult(method, result), result, listing: listingOf(entries) };
    }
    cursor = nextCursor;
  }
  return { ...bare("malformed-answer"), says: `more than ${pagesMax} pages` };
}
