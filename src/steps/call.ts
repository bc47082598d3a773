import { z } from "zod";
import { callTool } from "../wire/requests.ts";
import { askInRounds } from "./rounds.ts";
import { splitName, stepKind, valuesIn } from "./kinds.ts";

export const call = stepKind({
  key: "call",
  about: "server.Tool",
  like: "server.Tool",
  keys: {
    knows: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("with policy.discovery: what it gives as well where the listed tool takes it; values may hold ${…}"),
    alsoNamed: z
      .array(z.string().min(1))
      .max(20)
      .optional()
      .describe("with policy.discovery: other names it is called by where only those are listed"),
    tamper: z
      .literal(true)
      .optional()
      .describe(
        "with call: a requestState is sent back changed before it is sent back as it came, which its server must refuse " +
          "(2026-07-28, wire: lean); the check tampered-state judges it",
      ),
  },
  takesArgs: true,
  callsTool: true,
  aimOf: (value) => {
    const { server, name } = splitName(value);
    return { server, tool: name };
  },
  argsOf: (step) => valuesIn(step, "args"),
  settingsOf: ({ tamper }) => (tamper === true ? { tamper } : undefined),
  ask: (session, asked) => askInRounds(session, callTool(asked.tool, asked.args), asked),
});
