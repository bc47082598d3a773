/** The scripted answers of a session on the SDK's client, whichever of its versions. */
import type { Said, AskDesk } from "./asked-back.ts";
import type { JsonObject } from "./lean-rpc.ts";

/** Rejects with what `refuse` makes of a refusal, and where nobody answers only once nobody waits any more. */
export async function answerWith(
  asks: AskDesk,
  { method, params }: { readonly method: string; readonly params?: object | undefined },
  { over, refuse }: { readonly over: AbortSignal; readonly refuse: (error: Refusal) => Error },
): Promise<{ [x: string]: unknown }> {
  const said = await asks.said({ method, params: { ...params } satisfies JsonObject });
  if (said === undefined) return nothingUntil(over);
  if ("error" in said) throw refuse(said.error);
  return { ...said.result };
}

type Refusal = Extract<Said, { readonly error: unknown }>["error"];

function nothingUntil(over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new Error("nobody answers"));
    if (over.aborted) end();
    else over.addEventListener("abort", end, { once: true });
  });
}
