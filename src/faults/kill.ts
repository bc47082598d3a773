import { z } from "zod";
import { duration, shown } from "../units.ts";
import { processFaultKind } from "./kinds.ts";

const after = /^after (?<wait>\S+)$/;
const error = ({ input }: { readonly input?: unknown }): string =>
  `expected true, false or "after 500ms", got ${shown(input)}`;

/** `true` is at once, `after 500ms` later, `false` only when it is healed. */
const restart = z
  .union([z.boolean(), z.string().regex(after, { error, abort: true })], { error })
  .transform((written, context) => {
    if (typeof written === "boolean") return written ? 0 : undefined;
    const wait = duration({ mostMs: 600_000 }).safeParse(after.exec(written)?.groups?.["wait"]);
    if (wait.success) return wait.data;
    context.addIssue({ code: "custom", message: wait.error.issues[0]?.message ?? 'expected a duration after "after"' });
    return z.NEVER;
  });

export const kill = processFaultKind({
  kind: "kill",
  about: "The process ends at once, with all that it held; it comes back with the same address and environment.",
  callerSees: "broken connections, then refused ones until it is back; sessions that it no longer knows",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  meets: "callers",
  attributes: z.strictObject({
    signal: z
      .enum(["KILL", "TERM"])
      .default("KILL")
      .describe("TERM asks it to end, and only what is still there two seconds later is killed"),
    restart: restart
      .prefault(false)
      .describe(
        "true: it is started again at once; after 500ms: later; false, or absent: only when the fault is healed",
      ),
  }),
  prepare: ({ signal, restart: backAfterMs }) => ({
    healForm: "start-again",
    inject: (target) => target.kill({ signal: `SIG${signal}`, ...(backAfterMs === undefined ? {} : { backAfterMs }) }),
    showsIn: (sign) => sign.is === "killed",
  }),
});
