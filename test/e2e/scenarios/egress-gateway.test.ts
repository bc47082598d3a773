import { describe } from "vitest";
import { showsItsCheck } from "../scenario-verdicts.ts";
import { isFull } from "../squall.ts";

// Servers behind the gateway are tried both ways in test/e2e/egress.
describe.runIf(isFull)("the gateway of a built-in scenario (left to CI: SQUALL_ROUNDS=full)", () => {
  showsItsCheck("egress-gateway", /answered success without/, "silent-empty");
});
