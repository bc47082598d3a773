import { promptIn, requestName } from "../history/request-names.ts";
import { getPrompt } from "../wire/requests.ts";
import { askInRounds } from "./rounds.ts";
import { splitName, stepKind, valuesIn } from "./kinds.ts";

export const prompt = stepKind({
  key: "prompt",
  about: "server.prompt: the messages of a prompt are asked for",
  like: "server.prompt",
  keys: {},
  takesArgs: true,
  aimOf: (value) => {
    const { server, name } = splitName(value);
    return { server, tool: name === "" ? "" : requestName("prompts/get", name) };
  },
  argsOf: (step) => valuesIn(step, "args"),
  ask: (session, asked) => askInRounds(session, getPrompt(promptIn(asked.tool), asked.args), asked),
});
