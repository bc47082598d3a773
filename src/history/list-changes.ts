/** What servers say of their lists unasked: that one of them is not any more what it was. */

export const listKinds = ["tools", "prompts", "resources"] as const;
export type ListKind = (typeof listKinds)[number];

/** Written at the first, and then for all that came meanwhile: a server may say so a thousand times a second. */
export interface ListChanged {
  readonly type: "list-changed";
  readonly group: string;
  readonly agent: number;
  readonly server: string;
  readonly list: ListKind;
  /** How often it was said since the last event of this kind in its session. */
  readonly count: number;
}

const methods: ReadonlyMap<string, ListKind> = new Map(
  listKinds.map((list) => [`notifications/${list}/list_changed`, list]),
);

export function listChangedBy(method: string): ListKind | undefined {
  return methods.get(method);
}
