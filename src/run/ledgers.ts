/** Where the effects of a run are counted: ledgers of fixtures, and read-backs of foreign servers. */
import { requireDriver } from "../effects/drivers.ts";
import type { LedgerReader } from "../effects/follow.ts";
import { openLedgerReader } from "../effects/ledger.ts";
import { openReadBack } from "../effects/read-back.ts";
import { readKindNamed } from "../effects/registry.ts";
import { exitCodes, messageOf, UserError } from "../errors.ts";
import type { Scenario } from "../scenario/resolve.ts";
import type { ScenarioEffect, ScenarioRead } from "../scenario/effects.ts";
import { renderText } from "../scenario/template.ts";
import { fixtureNamed } from "../targets/fixtures.ts";
import type { Session } from "../wire/session.ts";
import type { World } from "../world.ts";
import type { StageOptions } from "./stage.ts";

export interface LedgerPlaces {
  /** Where each upstream itself listens. */
  readonly addressOf: (upstream: string) => URL;
  /** With a server, straight and not over any link. */
  readonly openSession: (server: string) => Promise<Session>;
}

/** What is read back takes packages that not everybody has: told before anything starts. */
export function requireDrivers({ effects, upstreams }: Scenario, world: World): void {
  for (const { effect, from } of effects) {
    if (from.is !== "read") continue;
    const target = upstreams.find(({ name }) => name === from.upstream)?.target;
    // Where it says nothing of its own, the upstream's address tells what is read.
    const own = target === undefined || target.is === "fixture" ? {} : { url: target.url };
    const read = from.kind === "sql" ? { ...from, attributes: { ...own, ...from.attributes } } : from;
    const { needs, url } = prepared(read, { world, nonce: "" });
    const scheme = /^([a-z]+):/i.exec(url ?? "")?.[1];
    const reads = scheme === undefined ? from.kind : `${from.kind} (${scheme})`;
    if (needs !== undefined) requireDriver({ effect, reads, needs });
  }
}

const quietLeastMs = 1000;
const quietMostMs = 5000;

export async function openLedgers(options: StageOptions, places: LedgerPlaces): Promise<LedgerReader[]> {
  const { scenario, tracer, recorder, world } = options;
  const patiencesMs = scenario.groups.map(({ policy }) => policy.timeoutMs);
  const quietForMs = Math.min(quietMostMs, Math.max(quietLeastMs, ...patiencesMs));
  const fixtures = new Set(scenario.effects.flatMap(({ ledger, from }) => (from.is === "ledger" ? [ledger] : [])));
  const own = [...fixtures].map((ledger) => {
    const target = scenario.upstreams.find(({ name }) => name === ledger)?.target;
    const path = target?.is === "fixture" ? fixtureNamed(target.fixture).ledger : undefined;
    if (path === undefined) throw new Error(`${ledger} keeps no ledger`);
    const url = new URL(path, places.addressOf(ledger));
    return openLedgerReader({ ledger, url, tracer, quietForMs, recorder, world });
  });
  const foreign: LedgerReader[] = [];
  for (const effect of scenario.effects) {
    const { from } = effect;
    if (from.is === "read") foreign.push(await openForeign(options, places, { ...effect, from, quietForMs }));
  }
  return [...own, ...foreign];
}

async function openForeign(
  options: StageOptions,
  { addressOf, openSession }: LedgerPlaces,
  about: ScenarioEffect & { readonly from: ScenarioRead; readonly quietForMs: number },
): Promise<LedgerReader> {
  const { home, lease, nonce, tracer, recorder, world, closing, stopping, onStep } = options;
  const { effect, ledger, from, quietForMs } = about;
  const { upstream, rule, rowsMax, everyMs } = from;
  onStep(`reading ${ledger}`);
  const around = { home, lease, world, openSession };
  const when = everyMs === undefined ? {} : { everyMs };
  try {
    const source = prepared(from, { world, nonce }).open(
      upstream === undefined ? around : { ...around, upstream: addressOf(upstream) },
    );
    closing.defer(`the read-back of ${effect}`, () => source.close());
    const what = { effect, ledger, source, rule, rowsMax, ...when, quietForMs };
    return await openReadBack({ ...what, tracer, salt: nonce, recorder, world, signal: stopping });
  } catch (error) {
    stopping.throwIfAborted();
    throw new UserError(`the effect ${effect} cannot be read by ${from.kind}: ${messageOf(error)}`, {
      exitCode: exitCodes.unreachable,
      cause: error,
    });
  }
}

function prepared({ kind, attributes }: ScenarioRead, about: { readonly world: World; readonly nonce: string }) {
  return readKindNamed(kind).prepare(rendered(attributes, about));
}

function rendered(node: unknown, about: { readonly world: World; readonly nonce: string }): unknown {
  if (typeof node === "string") return renderText(node, about.world.env).replaceAll("${run}", about.nonce);
  if (Array.isArray(node)) return node.map((child) => rendered(child, about));
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, rendered(child, about)]));
}
