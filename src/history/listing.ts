/** What servers list: to agents, as digests, and to us beside the run. */
/** What a server listed to an agent. */
export interface Listing {
  /** The same as long as nothing that is listed changes, nor its order. */
  readonly digest: string;
  readonly count: number;
  /** At most a thousand. */
  readonly entries: readonly ListedEntry[];
}

export interface ListedEntry {
  readonly name: string;
  /** Of each other part by its key, such as inputSchema, outputSchema, annotations, description. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Written when a list is not what the same writer had from the server last. */
export interface ListedEvent extends Listing {
  readonly type: "listed";
  readonly op: string;
  readonly server: string;
  /** The method that it was asked by: `tools/list`. */
  readonly method: string;
}

/**
 * What a server offers at one moment, asked past every fault's reach: before the phases, late in the baseline where
 * its sessions share a process, and after each episode.
 */
export interface ToolsListed {
  readonly type: "tools-listed";
  readonly server: string;
  readonly tools: readonly string[];
  /** Why it could not be asked. */
  readonly failed?: string;
}
