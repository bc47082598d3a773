/** Whoever imports this before tests of the tap has them play with an engine that is reached without a socket. */
import { way } from "./small-engine.ts";

way.isJoined = true;
