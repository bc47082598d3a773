/**
 * Profiles against the clients that they imitate: the same faults on the same server, with a tap between. Compared is what
 * a server and its ledger can tell: attempts, the waits between them, what the caller was told, and what was done.
 */
import { describe, expect, test, type ExpectStatic } from "vitest";
import { profileNames } from "../../src/agents/profiles.ts";
import { isFull } from "../rounds.ts";
import { lackOf, realClients, type RealClient } from "./clients.ts";
import { drive } from "./driven.ts";
import { imitate } from "./imitated.ts";
import { observe, type Observed } from "./observed.ts";
import { stimuli, type Stimulus } from "./stimuli.ts";

// Long enough to tell five seconds from a minute; where there is time, a minute from for ever.
const hangMs = isFull ? 90_000 : 12_000;
const limitMs = ({ hangs }: Stimulus): number => (hangs ? hangMs : 90_000);

/** Ours, and so nobody else's. */
const imitateNobody = ["naive-3", "careful"];

for (const client of realClients) {
  const { name, lack } = named(client);
  describe.skipIf(lack !== undefined).concurrent(name, () => {
    test("does the same under every fault", { timeout: 600_000 }, async ({ expect }) => {
      const calls = stimuli.filter(({ hangs }) => !hangs);
      const oneByOne = async (): Promise<void> => {
        await using driven = drive(client);
        for (const stimulus of calls) {
          const real = await observe(driven, stimulus, limitMs(stimulus));
          compare(expect, stimulus, { real, imitated: await imitation(client, stimulus) });
        }
      };
      // Whoever waits for an answer that does not come can be asked nothing else meanwhile.
      const apart = async (stimulus: Stimulus): Promise<void> => {
        await using driven = drive(client);
        const [real, imitated] = await Promise.all([
          observe(driven, stimulus, limitMs(stimulus)),
          imitation(client, stimulus),
        ]);
        compare(expect, stimulus, { real, imitated });
      };
      await Promise.all([oneByOne(), ...stimuli.filter(({ hangs }) => hangs).map(apart)]);
    });
  });
}

test("every profile is compared with somebody, or said to be ours", () => {
  const imitated = new Set<string>(realClients.map(({ profile }) => profile));
  expect(profileNames.filter((name) => !imitated.has(name))).toEqual(imitateNobody);
});

test.runIf(process.env["CI"] !== undefined)("in CI every client is installed", () => {
  expect(realClients.filter((client) => lackOf(client) !== undefined).map(({ name }) => name)).toEqual([]);
});

function named(client: RealClient): { readonly name: string; readonly lack: string | undefined } {
  // Together they take minutes; the SDKs themselves are tried everywhere.
  const left = isFull || client.folder === undefined ? undefined : "left to CI: SQUALL_ROUNDS=full";
  const lack = lackOf(client) ?? left;
  const name = `${client.profile} is what ${client.name} does`;
  return { name: lack === undefined ? name : `${name} (${lack})`, lack };
}

async function imitation({ profile, wire }: RealClient, stimulus: Stimulus): Promise<Observed> {
  // The SDK's own wire opens no other session, whatever a policy says.
  await using agent = imitate(profile, stimulus.losesSessions ? "lean" : wire);
  return await observe(agent, stimulus, limitMs(stimulus));
}

interface Both {
  readonly real: Observed;
  readonly imitated: Observed;
}

function compare(expect: ExpectStatic, { name }: Stimulus, { real, imitated }: Both): void {
  const context = `${name}: ${JSON.stringify({ real, imitated })}`;
  expect.soft(withoutTimes(imitated), context).toEqual(withoutTimes(real));
  for (const [n, imitatedMs] of imitated.gapsMs.entries()) {
    const realMs = real.gapsMs[n] ?? Number.NaN;
    // A wait is a wait and none is none; a busy machine only ever adds to either.
    const [less, more] = [Math.min(realMs, imitatedMs), Math.max(realMs, imitatedMs)];
    expect.soft(more, context).toBeLessThan(3 * less + 3000);
  }
}

function withoutTimes({ came, attempts, effects, next }: Observed): object {
  return { came, attempts, effects, next };
}
