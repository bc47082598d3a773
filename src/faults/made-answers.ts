/** What the faults that answer in place of a callee share. */
import { z } from "zod";
import type { Deed, MadeAnswer, MakeAnswer, Question } from "./handles.ts";

export function whetherItActs(usual: boolean) {
  return {
    acts: z
      .boolean()
      .default(usual)
      .describe("true: the callee gets the request and acts, and its answer is dropped; false: it is never asked"),
  };
}

export function answering({ acts }: { readonly acts: boolean }, make: MakeAnswer): Deed {
  return { does: acts ? "replace-answer" : "answer-request", make };
}

export const asJson = { "Content-Type": "application/json" };

export function jsonAnswer(value: unknown, holds: MadeAnswer["holds"]): MadeAnswer {
  return { holds, headers: asJson, body: JSON.stringify(value) };
}

/** To an upstream there is no JSON-RPC, so the result stands for itself. */
export function resultTo({ rpc, id }: Question, result: unknown, holds: MadeAnswer["holds"]): MadeAnswer {
  return jsonAnswer(rpc === undefined ? result : { jsonrpc: "2.0", id, result }, holds);
}

export function textResult(text: string): object {
  return { content: [{ type: "text", text }] };
}
