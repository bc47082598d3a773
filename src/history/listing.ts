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
  /** Of a tool: what it takes and what it gives. Absent: it says nothing of it, or more than is kept. */
  readonly takes?: ListedFields;
  readonly gives?: ListedFields;
}

/** By their way from the top: `filter.names[]`. */
export type ListedFields = Readonly<Record<string, ListedField>>;

export interface ListedField {
  /** What its schema calls the types that it may have. Absent: any. */
  readonly types?: readonly string[];
  readonly required?: true;
  /** Digests of the only values that it may have. */
  readonly values?: readonly string[];
  /** The digest of all else that bounds it. */
  readonly bounds?: string;
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
  /** Its tools in the order of their names, where they are not as the last event said that told of them. */
  readonly listing?: Listing;
  /** What other sessions were told at the same moment, each that is not the same as `listing`. */
  readonly others?: readonly Listing[];
  /** How many sessions were asked at that moment, where more than one. */
  readonly sessions?: number;
  /** Why it could not be asked. */
  readonly failed?: string;
}
