import { z } from "zod";
import { unusuallySilent, type Cure, type LinkHealForm, type LinkHandle } from "./handles.ts";
import { faultKind, type PreparedFault } from "./kinds.ts";

/** What egress-block and flap share: a link that is down in one of three ways and comes back in one of two. */
export const blockAttributes = {
  how: z
    .enum(["refuse", "black-hole", "reset"])
    .default("refuse")
    .describe(
      "refuse: no connection is accepted; black-hole: accepted, never answered; reset: broken once data is sent",
    ),
  heal: z
    .enum(["let-through", "drop-connections"])
    .optional()
    .describe(
      "let-through: what is still connected goes on; drop-connections: all of it is closed; " +
        "where absent, refuse lets through and the others drop",
    ),
};

const block = z.object(blockAttributes);
type Block = z.output<typeof block>;

export const egressBlock = faultKind({
  kind: "egress-block",
  about: "Nothing gets through the link.",
  callerSees: "connections refused, reset or never answered, as `how` says",
  plane: "network",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [0, 1],
  attributes: z.strictObject(blockAttributes),
  prepare: prepareBlock,
});

export function prepareBlock({ how, heal }: Block): PreparedFault {
  const { usualHeal, inject, showsIn } = ways[how];
  const healForm = heal ?? usualHeal;
  return { healForm, inject: (link) => inject(link, healForm), silences: true, showsIn };
}

interface Way {
  readonly usualHeal: LinkHealForm;
  readonly inject: (link: LinkHandle, healForm: LinkHealForm) => Promise<Cure>;
  readonly showsIn: PreparedFault["showsIn"];
}

const ways: Readonly<Record<Block["how"], Way>> = {
  refuse: {
    usualHeal: "let-through",
    inject: async (link, healForm) => {
      await link.setEnabled(false);
      return healedBy(link, { heal: () => link.setEnabled(true) }, healForm);
    },
    showsIn: (sign) => sign.is === "refused" || sign.is === "cut",
  },
  "black-hole": {
    // What fell into the hole is lost, so no live connection could go on.
    usualHeal: "drop-connections",
    inject: async (link, healForm) => healedBy(link, await link.addToxic(holes[healForm]), healForm),
    showsIn: unusuallySilent,
  },
  reset: {
    usualHeal: "drop-connections",
    inject: async (link, healForm) =>
      healedBy(
        link,
        await link.addToxic({ type: "reset_peer", stream: "upstream", attributes: { timeout: 0 } }),
        healForm,
      ),
    showsIn: (sign) => sign.is === "cut" && sign.inFlight,
  },
};

// Longer than any run: what a latency holds passes at once when it is taken away.
const untilHealedMs = 7 * 24 * 3_600_000;

/**
 * To drop, a timeout swallows what is sent; removing it closes the connections, whatever we want. To let through, a
 * latency keeps what is sent until the hole closes, as TCP does when the packets of a while are lost.
 */
const holes = {
  "drop-connections": { type: "timeout", stream: "upstream", attributes: { timeout: 0 } },
  "let-through": { type: "latency", stream: "upstream", attributes: { latency: untilHealedMs, jitter: 0 } },
} as const;

export function healedBy(link: LinkHandle, cure: Cure, healForm: LinkHealForm): Cure {
  if (healForm === "let-through") return cure;
  return {
    ...cure,
    heal: async () => {
      await cure.heal();
      link.dropConnections();
    },
  };
}
