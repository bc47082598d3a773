import { showsItsCheck } from "../scenario-verdicts.ts";

showsItsCheck("survives", /read ECONNRESET/);
