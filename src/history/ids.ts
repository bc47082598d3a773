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

/** The idempotency key of an op: the same with each attempt, where its agent's policy does not say otherwise. */
export function opKey(op: string): string {
  return `key-${op}`;
}

/** The op of another step of the same walk. */
export function opAtStep(op: string, step: number): string {
  return `${op.slice(0, op.lastIndexOf("."))}.${step}`;
}

export interface Sighting {
  readonly op: string;
  /** Known only where the trace context was forwarded as it came; servers that trace give it spans of their own. */
  readonly attempt?: number;
}

export interface Tracer {
  /** The `traceparent` of one attempt: trace = op, span = attempt. */
  traceparent(at: OpCoordinates, attempt: number): string;
  /** Every op that the parts of a request name, each once, in order of appearance. */
  find(...texts: readonly string[]): Sighting[];
}

// trace id, 16 bytes: nonce 4, group 2, agent 3, walk 4, step 2, mark 1. span id, 8 bytes: nonce 4, attempt 4.
const mark = "51";
const hex = (value: number, bytes: number): string => value.toString(16).padStart(bytes * 2, "0");

export function createTracer(nonce: string, groups: readonly string[]): Tracer {
  // Where the nonce stands, one of these may fit: the first around it, the second from it on.
  const trace = new RegExp(
    `\\b00-${nonce}([0-9a-f]{4})([0-9a-f]{6})([0-9a-f]{8})([0-9a-f]{4})${mark}-(?:${nonce}([0-9a-f]{8})|[0-9a-f]{16})-`,
    "y",
  );
  const bareId = new RegExp(`\\b${nonce}\\.[A-Za-z0-9_-]+\\.\\d+\\.\\d+\\.\\d+\\b`, "y");
  const traceBefore = "00-".length;

  const sightingOf = ([, group, agent, walk, step, attempt]: RegExpExecArray): Sighting | undefined => {
    const name = groups[ofHex(group)];
    if (name === undefined) return undefined;
    const op = opId(nonce, { group: name, agent: ofHex(agent), walk: ofHex(walk), step: ofHex(step) });
    return attempt === undefined ? { op } : { op, attempt: ofHex(attempt) };
  };

  return {
    traceparent: (at, attempt) => {
      const group = groups.indexOf(at.group);
      const trace = nonce + hex(group, 2) + hex(at.agent, 3) + hex(at.walk, 4) + hex(at.step, 2) + mark;
      return `00-${trace}-${nonce}${hex(attempt, 4)}-01`;
    },
    find: (...texts) => {
      const seen = new Map<string, Sighting>();
      let last = "";
      for (const text of texts) {
        for (let at = text.indexOf(nonce), from = 0; at !== -1; at = text.indexOf(nonce, from)) {
          const traced = at - traceBefore < from ? null : matchAt(trace, text, at - traceBefore);
          const match = traced ?? matchAt(bareId, text, at);
          from = match === null ? at + 1 : match.index + match[0].length;
          // Most often a header and the body name the same.
          if (match === null || match[0] === last) continue;
          last = match[0];
          const sighting = traced === null ? { op: match[0] } : sightingOf(traced);
          // The trace knows more than the bare id: it also tells the attempt.
          if (sighting !== undefined && seen.get(sighting.op)?.attempt === undefined) seen.set(sighting.op, sighting);
        }
      }
      return [...seen.values()];
    },
  };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function ofHex(digits = ""): number {
  return Number.parseInt(digits, 16);
}
