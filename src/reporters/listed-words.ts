/** What the lists of tools cost agents, in a person's words: bytes are counted, tokens are an estimate. */
import type { Figures } from "../measure/figures.ts";
import { counted } from "../units.ts";

type OfGroup = NonNullable<Figures["listings"]>[number];

export function listedSaid({ listings = [] }: Pick<Figures, "listings">): string[] {
  return listings.map(said);
}

function said({ group, server, sessions, listings, failed, tools, bytesMost, bytes }: OfGroup): string {
  const times = `${counted(listings, "listing")} in ${counted(sessions, "session")}`;
  const each = sessions === 0 ? "" : `, ${shown(bytes / sessions)} bytes a session`;
  const vain = failed === 0 ? "" : `; ${failed} more failed`;
  return `${group}@${server}: ${counted(tools, "tool")}, ${shown(bytesMost)} bytes, about ${shown(bytesMost / bytesPerToken)} tokens (bytes / ${bytesPerToken}); ${times}${each}${vain}`;
}

/** A rule of thumb: tokenizers differ. */
const bytesPerToken = 4;

function shown(value: number): string {
  return Math.round(value).toLocaleString("en");
}
