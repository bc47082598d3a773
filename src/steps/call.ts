import { callTool } from "../wire/requests.ts";
import { askInRounds } from "./rounds.ts";
import { splitName, stepKind, valuesIn } from "./kinds.ts";

export const call = stepKind({
  key: "call",
  about: "server.Tool",
  like: "server.Tool",
  keys: {},
  takesArgs: true,
  callsTool: true,
  aimOf: (value) => {
    const { server, name } = splitName(value);
    return { server, tool: name };
  },
  argsOf: (step) => valuesIn(step, "args"),
  ask: (session, asked) => askInRounds(session, callTool(asked.tool, asked.args), asked),
});
