import { showsItsCheck } from "../scenario-verdicts.ts";

showsItsCheck("retry-storm", /repeated failed upstream requests without waiting/);
