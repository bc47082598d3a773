/** The rooms of src/ and what each may import: the table of ARCHITECTURE.md, read from there so that both stay true. */
import { readFileSync } from "node:fs";

export interface Room {
  readonly room: string;
  readonly holds: string;
  /** Rooms, or single files such as `faults/handles.ts`. */
  readonly mayImport: readonly string[];
}

function roomsOf(architecture: string): Room[] {
  return [...architecture.matchAll(/^\| `([a-z]+)\/` \| (.+?) \| (.+?) \|$/gm)].map(
    ([, room = "", holds = "", imports = ""]) => ({
      room,
      holds,
      mayImport: [...imports.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
    }),
  );
}

export const rooms = roomsOf(readFileSync(new URL("../../ARCHITECTURE.md", import.meta.url), "utf8"));
