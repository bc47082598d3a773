/** What an error says in fields of trying again. Servers spell them in two ways, and put them at the top or under `error`. */
import { isObject } from "./lean-rpc.ts";
import type { Words } from "./mcp-result.ts";
import type { Answer } from "./session.ts";

type Advice = Pick<Answer, "retryable" | "retryAfterMs" | "suggestedAction">;

export function adviceIn(value: unknown, words: Words): Advice {
  if (!isObject(value)) return {};
  const fields = isObject(value["error"]) ? { ...value, ...value["error"] } : value;
  const retryable = fields["retryable"];
  const retryAfterMs = fields["retry_after_ms"] ?? fields["retryAfterMs"];
  const suggestedAction = actionIn(fields, words);
  return {
    ...(typeof retryable === "boolean" ? { retryable } : {}),
    ...(typeof retryAfterMs === "number" && retryAfterMs >= 0 ? { retryAfterMs } : {}),
    ...(suggestedAction === undefined ? {} : { suggestedAction }),
  };
}

const actionMax = 60;

function actionIn(fields: Readonly<Record<string, unknown>>, words: Words): string | undefined {
  const several = fields["suggested_actions"];
  const first: unknown = Array.isArray(several) ? several[0] : undefined;
  const action = fields["suggested_action"] ?? fields["suggestedAction"] ?? first;
  return typeof action === "string" ? words(action)?.slice(0, actionMax) : undefined;
}
