import { showsItsCheck } from "../scenario-verdicts.ts";

showsItsCheck("silent-empty", /answered success without/);
