/** Which replica each session belongs to, for as many sessions as a balancer may remember. */
export interface Homes<T> {
  of(session: string): T | undefined;
  keep(session: string, home: T): void;
  forget(session: string): void;
}

const sessionsMax = 100_000;

export function createHomes<T>(most = sessionsMax): Homes<T> {
  // In order of their last use, so that the one that was quiet for longest makes room.
  const homes = new Map<string, T>();
  return {
    of: (session) => homes.get(session),
    keep: (session, home) => {
      homes.delete(session);
      homes.set(session, home);
      const [oldest] = homes.keys();
      if (homes.size > most && oldest !== undefined) homes.delete(oldest);
    },
    forget: (session) => void homes.delete(session),
  };
}
