/**
 * When an identity had no token that holds, because none was to be had, servers refused its agents with good reason:
 * neither is at fault, and what was found in that time is held against nobody.
 */
import type { TokenEvent } from "../history/token-events.ts";
import type { Stamp } from "../history/events.ts";
import type { Trouble } from "./engine-trouble.ts";

export interface TokenFold {
  readonly on: (event: TokenEvent & Stamp) => void;
  readonly end: (lastUs: number) => readonly Trouble[];
}

interface Account {
  goodUntilUs: number;
  /** Since when it has had none, and why. */
  missing?: { readonly fromUs: number; readonly because: string } | undefined;
}

// Those who were refused may have to open their sessions again.
const aftermathUs = 1_000_000;

export function followTokens(): TokenFold {
  const accounts = new Map<string, Account>();
  const troubles: Trouble[] = [];

  const close = (identity: string, { missing }: Account, untilUs: number): void => {
    if (missing === undefined || missing.fromUs >= untilUs) return;
    const at = (us: number): string => `${(us / 1e6).toFixed(3)} s`;
    troubles.push({
      gap: "token-missing",
      fromUs: missing.fromUs,
      untilUs: untilUs + aftermathUs,
      says: `${identity} had no valid token from ${at(missing.fromUs)} to ${at(untilUs)}: ${missing.because}`,
      excuse: "what it found may come of a token that was not to be had",
    });
  };

  return {
    on: ({ identity, edge, why, lastsMs, because = "", atUs, tookUs }) => {
      const account = accounts.get(identity) ?? { goodUntilUs: Number.POSITIVE_INFINITY };
      accounts.set(identity, account);
      if (edge === "granted") {
        close(identity, account, atUs);
        account.missing = undefined;
        account.goodUntilUs = lastsMs === undefined ? Number.POSITIVE_INFINITY : atUs + lastsMs * 1000;
        return;
      }
      // One that could not be renewed early holds until its end; one that was refused holds no more.
      const fromUs = why === "refusal" ? atUs - tookUs : account.goodUntilUs;
      if (fromUs < (account.missing?.fromUs ?? Number.POSITIVE_INFINITY)) account.missing = { fromUs, because };
    },
    end: (lastUs) => {
      for (const [identity, account] of accounts) close(identity, account, lastUs);
      return troubles;
    },
  };
}
