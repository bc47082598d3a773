import { showsItsCheck } from "../scenario-verdicts.ts";

showsItsCheck("timeout-cascade", /no deadline of its own/);
