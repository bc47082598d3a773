import { showsItsCheck } from "../scenario-verdicts.ts";

showsItsCheck("duplicate-effects", /ledger rows \d+, \d+/);
