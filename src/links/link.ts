/**
 * A link: one hop that Squall can see and break. Our tap faces the caller and gives the evidence; the engine's proxy
 * behind it makes the trouble of the network. Meddling with requests and answers is the tap's own work, for TCP tells none
 * of them apart.
 *
 *   caller ──▶ tap ──▶ engine's proxy ──▶ upstream
 */
import type { Address, Engine } from "../engines/engine.ts";
import type { LinkHandle, Sign } from "../faults/handles.ts";
import type { Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import type { World } from "../world.ts";
import { onceHealed } from "./cure.ts";
import { createRules } from "./rules.ts";
import { createSigns } from "./signs.ts";
import { StreamedAnswers } from "./streamed-answers.ts";
import { openTap } from "./tap.ts";
import { createTcpHabits } from "./tcp-habits.ts";
import type { LinkProtocol } from "./traffic.ts";
import { createWaits } from "./waits.ts";

export interface LinkOptions {
  readonly name: string;
  readonly engine: Pick<Engine, "openProxy">;
  readonly upstream: Address;
  readonly protocol: LinkProtocol;
  readonly recorder: Recorder;
  readonly tracer: Tracer;
  readonly world: World;
}

export interface Link extends LinkHandle {
  /** Where callers connect. */
  readonly address: Address;
  /** Seen so far, the refused among them: a link that nobody used is a gap in the evidence. */
  readonly connections: number;
  /** A fault has closed it, so that it takes no connection. */
  readonly refuses: boolean;
  /** Returns how to stop listening. */
  onSign(listener: (sign: Sign) => void): () => void;
  /** Requests that await their answer or the rest of it. The listening stream of an MCP client awaits none. */
  openExchanges(): number;
  /** Ends the tap and its connections; the engine's proxy is the engine's to remove. */
  close(): Promise<void>;
}

export async function openLink(options: LinkOptions): Promise<Link> {
  const { name, engine, upstream, protocol, recorder, tracer, world } = options;
  const waits = createWaits(() => recorder.nowUs());
  const exchangeWaits = createWaits(() => recorder.nowUs());
  const closeWaits = createWaits(() => recorder.nowUs());
  const habits = createTcpHabits();
  const rules = createRules();
  const signs = createSigns();
  const learned = { waits, exchangeWaits, closeWaits, habits };

  const proxy = await engine.openProxy(name, upstream);
  let disabledBy = 0;
  let calmAgain = (): void => {};
  const setEnabled = async (enabled: boolean): Promise<void> => {
    // Faults may overlap: the link is open again only when the last that closed it is healed.
    const wanted = disabledBy + (enabled ? -1 : 1);
    const changes = (disabledBy === 0) !== (wanted === 0);
    if (changes && !enabled) calmAgain = habits.disturb();
    if (changes) await proxy.setEnabled(enabled);
    if (changes && enabled) calmAgain();
    disabledBy = wanted;
  };
  const streamed = new StreamedAnswers(recorder);
  const context = { link: name, protocol, recorder, tracer, ...learned, rules, streamed, sign: signs.give };
  const tap = await openTap(proxy, context, world);

  return {
    name,
    address: tap.address,
    get connections() {
      return tap.connections;
    },
    get refuses() {
      return disabledBy > 0;
    },
    onSign: signs.on,
    openExchanges: () => tap.openExchanges(),
    setEnabled,
    addToxic: async (toxic) => {
      const calms = Object.values(learned).map((each) => each.disturb());
      const calm = (): void => calms.forEach((end) => end());
      const added = await proxy.addToxic(toxic).catch((error: unknown) => {
        calm();
        throw error;
      });
      const cure = onceHealed(async () => {
        // Whoever still waits has felt the toxic, and stops feeling it now.
        tap.reportSilence();
        await added.heal();
        calm();
      });
      return { ...cure, update: added.update };
    },
    meddle: (rule, chance) => {
      const { work, off } = rules.add(rule, chance);
      return onceHealed(() => {
        off();
        tap.release(work);
        return Promise.resolve();
      });
    },
    dropConnections: () => tap.dropConnections(),
    close: () => tap.close(),
  };
}
