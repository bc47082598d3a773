/** Asking a server of 2026-07-28 to say when its lists change: one request that stays open for as long as the session. */
import { listKinds } from "../history/list-changes.ts";
import type { Channel } from "./lean-channel.ts";
import { framedParams } from "./lean-framing.ts";
import { textOf } from "./lean-rpc.ts";

export const subscribing = {
  method: "subscriptions/listen",
  params: { notifications: Object.fromEntries(listKinds.map((list) => [`${list}ListChanged`, true])) },
} as const;

const acknowledged = "notifications/subscriptions/acknowledged";

/** As the SDKs have it for a session of their own stream: what is said beside the calls may not hold anything up. */
const ackTimeoutMs = 2000;

/** Whether the server has taken it on; what it then says, the channel's ear hears. */
export function subscribe(channel: Channel): Promise<boolean> {
  const { method } = subscribing;
  const id = channel.nextId();
  return new Promise((resolve) => {
    const settle = (isTaken: boolean): void => {
      patience.cancel();
      channel.ear.onOther = undefined;
      resolve(isTaken);
    };
    channel.ear.onOther = (said) => {
      if (said.method === acknowledged) settle(true);
    };
    const text = textOf({ id, method, params: framedParams(subscribing.params, channel.framing) });
    // Its answer is the end of it: before it is taken on, a refusal.
    const open = channel.post({ id, text, method }, () => settle(false));
    const patience = channel.world.timer(ackTimeoutMs, () => {
      open.destroy();
      settle(false);
    });
  });
}
