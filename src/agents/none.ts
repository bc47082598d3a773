import { z } from "zod";
import { policyKind } from "./policy.ts";

export const none = policyKind({
  kind: "none",
  about: "Every call is tried once.",
  attributes: z.strictObject({}),
  prepare: () => ({ attemptsMax: 1, decide: () => ({ do: "stop" }) }),
});
