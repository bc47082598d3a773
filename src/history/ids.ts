/**
 * Op ids and the two ways they travel: as themselves (where the scenario places them) and as a W3C trace context.
 * The trace id holds the same coordinates as the op id, so whoever sees one on the wire can tell the op.
 */
export interface OpCoordinates {
  readonly group: string;
  readonly agent: number;
  readonly walk: number;
  readonly step: number;
}

export function opId(nonce: string, at: OpCoordinates): string {
  return `${nonce}.${at.group}.${at.agent}.${at.walk}.${at.step}`;
}

export interface Sighting {
  readonly op: string;
  /** Known only where the trace context was forwarded as it came; servers that trace give it spans of their own. */
  readonly attempt?: number;
}

export interface Tracer {
  /** The `traceparent` of one attempt: trace = op, span = attempt. */
  traceparent(at: OpCoordinates, attempt: number): string;
  /** Every op that a request names, each once, in order of appearance. */
  find(text: string): Sighting[];
}

// trace id, 16 bytes: nonce 4, group 2, agent 3, walk 4, step 2, mark 1. span id, 8 bytes: nonce 4, attempt 4.
const mark = "51";
const hex = (value: number, bytes: number): string => value.toString(16).padStart(bytes * 2, "0");

export function createTracer(nonce: string, groups: readonly string[]): Tracer {
  const pattern = new RegExp(
    `\\b00-${nonce}([0-9a-f]{4})([0-9a-f]{6})([0-9a-f]{8})([0-9a-f]{4})${mark}-(?:${nonce}([0-9a-f]{8})|[0-9a-f]{16})-|` +
      `\\b${nonce}\\.([A-Za-z0-9_-]+)\\.(\\d+)\\.(\\d+)\\.(\\d+)\\b`,
    "g",
  );

  const sightingOf = (match: RegExpMatchArray): Sighting | undefined => {
    if (match[6] !== undefined) return { op: match[0] };
    const [group = 0, agent = 0, walk = 0, step = 0] = match.slice(1, 5).map((digits) => Number.parseInt(digits, 16));
    const name = groups[group];
    if (name === undefined) return undefined;
    const op = opId(nonce, { group: name, agent, walk, step });
    return match[5] === undefined ? { op } : { op, attempt: Number.parseInt(match[5], 16) };
  };

  return {
    traceparent: (at, attempt) => {
      const group = groups.indexOf(at.group);
      const trace = nonce + hex(group, 2) + hex(at.agent, 3) + hex(at.walk, 4) + hex(at.step, 2) + mark;
      return `00-${trace}-${nonce}${hex(attempt, 4)}-01`;
    },
    find: (text) => {
      const seen = new Map<string, Sighting>();
      for (const match of text.matchAll(pattern)) {
        const sighting = sightingOf(match);
        if (sighting === undefined) continue;
        // The trace knows more than the bare id: it also tells the attempt.
        if (seen.get(sighting.op)?.attempt === undefined) seen.set(sighting.op, sighting);
      }
      return [...seen.values()];
    },
  };
}
