import { showsItsCheck } from "../scenario-verdicts.ts";

showsItsCheck("retry-storm", /\\d/);
