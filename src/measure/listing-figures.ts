import type { z } from "zod";
import { count, record, text } from "./figure-shapes.ts";

/** What the agents of a group were told of a server's tools, by their own listing. */
export const listingFigures = record({
  group: text,
  server: text,
  /** Opened in the whole run. */
  sessions: count,
  listings: count,
  failed: count,
  /** The most that one listing told of. */
  tools: count,
  /** Of tools as JSON without spaces: of the largest listing, and of all. */
  bytesMost: count,
  bytes: count,
});

export type ListingFigures = z.output<typeof listingFigures>;
