import { showsItsCheck } from "../scenario-verdicts.ts";

showsItsCheck("egress-gateway", /answered success without/, "silent-empty");
