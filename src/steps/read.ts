import { z } from "zod";
import { requestName } from "../history/request-names.ts";
import { readResource } from "../wire/requests.ts";
import { askInRounds } from "./rounds.ts";
import { stepKind, textIn } from "./kinds.ts";

export const read = stepKind({
  key: "read",
  about: "a server whose resource is read; goes with uri",
  like: "server",
  keys: { uri: z.string().min(1).optional().describe("with read: the resource's URI; may hold ${…}") },
  needs: ["uri"],
  takesArgs: false,
  aimOf: (value) => ({ server: value, tool: requestName("resources/read", "") }),
  argsOf: (step) => ({ uri: textIn(step, "uri") }),
  // What one resource holds says nothing of what another one holds.
  shapeOf: (step) => `uri=${textIn(step, "uri")}`,
  ask: (session, asked) => askInRounds(session, readResource(String(asked.args["uri"])), asked),
});
