/** What servers asked their egress gateways for and no link leads to, in a person's words. */
import type { Verdicts } from "./verdicts.ts";

export function unexpectedSaid({ egress }: Pick<Verdicts, "egress">): string[] {
  if (egress === undefined) return [];
  const { unexpected, unexpectedMore } = egress;
  const told = unexpected.map(({ server, destination, passed, requests }) => {
    const times = requests === 1 ? "once" : `${requests} times`;
    return `${server} asked for ${destination} ${times}, ${passed ? "and was let through" : "and was refused"}`;
  });
  return unexpectedMore === 0 ? told : [...told, `${unexpectedMore} more requests for still other destinations`];
}
