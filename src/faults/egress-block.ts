import { z } from "zod";
import { faultKind, unusuallySilent, type Cure, type LinkHandle, type PreparedFault, type Toxic } from "./handles.ts";

export const blockHow = z
  .enum(["refuse", "black-hole", "reset"])
  .default("refuse")
  .describe("refuse: no connection is accepted; black-hole: accepted, never answered; reset: broken once data is sent");

export type BlockHow = z.output<typeof blockHow>;

export const egressBlock = faultKind({
  kind: "egress-block",
  about: "Nothing gets through the link.",
  callerSees: "connections refused, reset or never answered, as `how` says",
  plane: "network",
  tags: { seen: "explicit", lasts: "transient" },
  attributes: z.strictObject({ how: blockHow }),
  prepare: ({ how }) => block(how),
});

/** What egress-block and flap share: a link that is down in one of three ways. */
export function block(how: BlockHow): PreparedFault {
  return blocks[how];
}

const blocks: Readonly<Record<BlockHow, PreparedFault>> = {
  refuse: {
    healForm: "let-through",
    inject: async (link) => {
      await link.setEnabled(false);
      return { heal: () => link.setEnabled(true) };
    },
    showsIn: (sign) => sign.is === "refused" || sign.is === "cut",
  },
  "black-hole": {
    // What fell into the hole is lost, so no live connection could go on.
    healForm: "drop-connections",
    inject: (link) => swallow(link, { type: "timeout", stream: "upstream", attributes: { timeout: 0 } }),
    showsIn: unusuallySilent,
  },
  reset: {
    healForm: "drop-connections",
    inject: (link) => swallow(link, { type: "reset_peer", stream: "upstream", attributes: { timeout: 0 } }),
    showsIn: (sign) => sign.is === "cut" && sign.inFlight,
  },
};

async function swallow(link: LinkHandle, toxic: Toxic): Promise<Cure> {
  const cure = await link.addToxic(toxic);
  return {
    heal: async () => {
      await cure.heal();
      link.dropConnections();
    },
  };
}
