import { z } from "zod";
import { size } from "../units.ts";
import { processFaultKind } from "./kinds.ts";

export const descriptorLimit = processFaultKind({
  kind: "descriptor-limit",
  about: "The process may open hardly any more files and connections than it has open (Linux, with prlimit).",
  callerSees: "connections that are not accepted or are closed; errors of a server that cannot reach its upstream",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  needs: "prlimit",
  // What cannot open a connection fails towards its upstreams as well.
  meets: "callers-and-own",
  attributes: z.strictObject({
    spare: z.int().min(0).max(100_000).default(0).describe("how many more than it has open when this begins"),
  }),
  prepare: ({ spare }) => ({
    healForm: "let-through",
    inject: (target) => target.limit("descriptors", spare),
    showsIn: (sign) => sign.is === "limited" && sign.what === "descriptors",
  }),
});

export const heapLimit = processFaultKind({
  kind: "heap-limit",
  about:
    "The process gets hardly any more memory for its data than it has (Linux, with prlimit); what then, is its own.",
  callerSees: "errors, or the end of a server that needs more; nothing where what it has is enough",
  tags: { seen: "implicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  needs: "prlimit",
  meets: "callers",
  attributes: z.strictObject({
    spare: size({ mostBytes: 1_000_000_000 }).describe("how much more than it has when this begins"),
  }),
  prepare: ({ spare }) => ({
    healForm: "let-through",
    inject: (target) => target.limit("heap", spare),
    showsIn: (sign) => sign.is === "limited" && sign.what === "heap",
  }),
});
