/** What agents show a server of themselves, in whatever thread they are; tokens that are granted are kept in a wallet. */
import type { Prepared } from "./credentials.ts";

/** An identity as it goes over to another thread. */
export interface BriefedIdentity {
  readonly headers: Readonly<Record<string, string>>;
  /** Agent n shows the n-th, in turn. */
  readonly bearers: readonly string[];
  /** The identity that a token is granted to. */
  readonly granted?: string;
}

export interface Granted {
  readonly identity: string;
  readonly token: string;
  /** Counts the tokens of this identity, from 1 on. */
  readonly number: number;
}

export interface Wallet {
  get(identity: string): Granted;
  /** Resolves to whether there is a newer token than this one, which the server has refused; asks for it where not. */
  renew(identity: string, number: number): Promise<boolean>;
}

export interface Renewal {
  /** Of the token that is shown now. */
  number(): number;
  renew(number: number): Promise<boolean>;
}

export interface Identity {
  readonly headersOf: (agent: number) => Readonly<Record<string, string>>;
  /** The header of this name, asked for each request. */
  readonly authorization?: () => string;
  readonly renewal?: Renewal;
}

export function briefIdentity({ name, headers, bearers, oauth }: Prepared): BriefedIdentity {
  return { headers, bearers, ...(oauth === undefined ? {} : { granted: name }) };
}

export function identityFrom({ headers, bearers, granted }: BriefedIdentity, wallet: Wallet): Identity {
  const headersOf: Identity["headersOf"] = (agent) => {
    const bearer = bearers[agent % bearers.length];
    return bearer === undefined ? headers : { ...headers, authorization: `Bearer ${bearer}` };
  };
  if (granted === undefined) return { headersOf };
  return {
    headersOf,
    authorization: () => `Bearer ${wallet.get(granted).token}`,
    renewal: {
      number: () => wallet.get(granted).number,
      renew: (number) => wallet.renew(granted, number),
    },
  };
}

/** The variables that this agent's own process gets. */
export function variablesOf({ env }: Prepared, agent: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, values]) => {
      const value = values[agent % values.length];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export interface RemoteWallet extends Wallet {
  readonly put: (granted: Granted) => void;
  /** There is no newer token than this one to be had. */
  readonly refuse: (identity: string) => void;
}

/** Of a thread: what it holds comes from the supervisor, who is asked for more. */
export function createWallet(held: readonly Granted[], ask: (identity: string, number: number) => void): RemoteWallet {
  const tokens = new Map(held.map((granted) => [granted.identity, granted]));
  const asked = new Map<string, PromiseWithResolvers<boolean>>();
  const settle = (identity: string, isRenewed: boolean): void => {
    asked.get(identity)?.resolve(isRenewed);
    asked.delete(identity);
  };
  const get = (identity: string): Granted => {
    const granted = tokens.get(identity);
    if (granted === undefined) throw new Error(`${identity} was never granted a token`);
    return granted;
  };
  return {
    get,
    put: (granted) => {
      tokens.set(granted.identity, granted);
      settle(granted.identity, true);
    },
    refuse: (identity) => settle(identity, false),
    renew: (identity, number) => {
      if (get(identity).number > number) return Promise.resolve(true);
      const pending = asked.get(identity);
      if (pending !== undefined) return pending.promise;
      const own = Promise.withResolvers<boolean>();
      asked.set(identity, own);
      ask(identity, number);
      return own.promise;
    },
  };
}
