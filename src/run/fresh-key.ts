/** Idempotency keys of clients that make a new one for each attempt. */
import { opKey } from "../history/ids.ts";

/** The arguments with a key that no other attempt of the op brings. */
export function freshKey<T>(args: T, op: string, attempt: number): T {
  if (attempt === 1) return args;
  const key = opKey(op);
  const renewed = (node: unknown): unknown => {
    if (typeof node === "string") return node.replaceAll(key, `${key}-${attempt}`);
    if (Array.isArray(node)) return node.map(renewed);
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, renewed(child)]));
  };
  // Only texts inside it change.
  return renewed(args) as T;
}
