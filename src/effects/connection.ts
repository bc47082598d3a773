/** A connection that a source keeps from read to read, and gives up with the first read that fails. */
import type { ReadLimits, Source } from "./kinds.ts";

export interface Connecting<Client> {
  readonly connect: (limits: ReadLimits) => Promise<Client>;
  readonly read: (client: Client, limits: ReadLimits) => Promise<readonly unknown[]>;
  /** At once, whatever is under way. */
  readonly drop: (client: Client) => void;
  readonly end: (client: Client) => Promise<unknown>;
}

export function keepConnection<Client>({ connect, read, drop, end }: Connecting<Client>): Source {
  let kept: Client | undefined;
  // Whoever has given up waiting may have begun another one meanwhile.
  const giveUpFor = (client: Client): void => {
    if (kept === client) kept = undefined;
    drop(client);
  };
  return {
    read: async (limits) => {
      const client = kept ?? (await connect(limits));
      if (limits.signal.aborted) {
        giveUpFor(client);
        throw limits.signal.reason;
      }
      kept = client;
      // A query that is never answered must not keep the run from ending.
      const giveUp = (): void => giveUpFor(client);
      limits.signal.addEventListener("abort", giveUp, { once: true });
      try {
        return await read(client, limits);
      } catch (error) {
        giveUpFor(client);
        throw error;
      } finally {
        limits.signal.removeEventListener("abort", giveUp);
      }
    },
    close: async () => {
      const client = kept;
      kept = undefined;
      if (client !== undefined) await end(client);
    },
  };
}
