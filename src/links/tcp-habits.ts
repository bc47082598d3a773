/**
 * How connections of a link that cannot be read begin and end while nothing is broken. A callee that speaks first (SMTP,
 * MySQL) is waited for from the moment of connecting; one that closes by itself when its caller is done gives no sign
 * of a fault by that.
 */
export interface TcpHabits {
  readonly calleeSpeaksFirst: () => boolean;
  noteFirst(speaker: "caller" | "callee"): void;
  /** Whether the callee often closes so by itself. */
  readonly isUsualEnd: (inFlight: boolean) => boolean;
  noteEnd(by: "caller" | "callee", inFlight: boolean): void;
  /** From now on ends are no habits, until every disturbance has been ended by its returned function. */
  disturb(): () => void;
}

/** Fewer may have been chance, or the end of a callee. */
const endsMin = 3;

export function createTcpHabits(): TcpHabits {
  const first = { caller: 0, callee: 0 };
  const closed = { inFlight: 0, idle: 0 };
  let ends = 0;
  let disturbances = 0;
  return {
    calleeSpeaksFirst: () => first.callee > 0 && first.caller === 0,
    noteFirst: (speaker) => void (first[speaker] += 1),
    isUsualEnd: (inFlight) => {
      const many = closed[inFlight ? "inFlight" : "idle"];
      return many >= endsMin && many * 2 >= ends;
    },
    noteEnd: (by, inFlight) => {
      if (disturbances > 0) return;
      ends += 1;
      if (by === "callee") closed[inFlight ? "inFlight" : "idle"] += 1;
    },
    disturb: () => {
      disturbances += 1;
      let over = false;
      return () => {
        if (!over) disturbances -= 1;
        over = true;
      };
    },
  };
}
