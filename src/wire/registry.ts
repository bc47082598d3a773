import type { DeclaredGroup } from "../history/declared.ts";
import { openLeanSession } from "./lean.ts";
import type { OpenSession } from "./session.ts";

export const wires: Readonly<Record<DeclaredGroup["wire"], OpenSession>> = {
  lean: openLeanSession,
  // The SDK is heavy: who does not speak through it does not wait for it.
  sdk: async (options) => (await import("./sdk.ts")).openSdkSession(options),
};
