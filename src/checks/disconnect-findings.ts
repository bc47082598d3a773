/** What `disconnect` has to say, in words. */
import { disconnectCancels } from "../history/protocol.ts";
import { counted, formatDuration } from "../units.ts";
import { witnessesMax, type Finding } from "./check.ts";
import type { CutCall } from "./cut-calls.ts";

const examplesMax = 3;

export function disconnectFindings(cut: readonly CutCall[], callsMin: number): readonly Finding[] {
  const clear = cut.filter(({ is }) => is !== "unclear");
  return [...Map.groupBy(clear, ({ server, revision }) => `${server} (${revision})`)].flatMap(([server, calls]) => {
    const [first] = calls;
    if (first === undefined) return [];
    const of = (is: CutCall["is"]): readonly CutCall[] => calls.filter((call) => call.is === is);
    if (!disconnectCancels(first.revision, "http")) {
      const dropped = of("dropped");
      return dropped.length >= callsMin && dropped.length * 2 > calls.length
        ? [aboutDropped(server, dropped, calls)]
        : [];
    }
    const wentOn = of("went-on");
    return [
      ...(of("committed").length > 0 ? [aboutCommitted(server, of("committed"), calls)] : []),
      ...(wentOn.length >= callsMin ? [aboutWentOn(server, wentOn, calls)] : []),
    ];
  });
}

function aboutCommitted(server: string, committed: readonly CutCall[], all: readonly CutCall[]): Finding {
  const examples = committed.slice(0, examplesMax).map(({ op, cutUs, row }) => {
    return `${op} (${shownUs((row?.committedUs ?? cutUs) - cutUs)} after it)`;
  });
  return {
    grade: "violation",
    blames: "server",
    says:
      `${server} committed ${committed.length} of ${counted(all.length, "call")} after their callers had closed the stream, ` +
      `which cancels them: ${examples.join(", ")}${more(committed)}`,
    why: "A caller whose stream breaks must make its call again as a new one; what goes on all the same is then done twice.",
    fix: "Stop the work behind a call when its response stream is closed, up to the last moment before the commit.",
    witness: witnessOf(committed),
  };
}

function aboutWentOn(server: string, wentOn: readonly CutCall[], all: readonly CutCall[]): Finding {
  return {
    grade: "weakness",
    blames: "server",
    says: `${server} went on with ${wentOn.length} of ${counted(all.length, "call")} after their callers had closed the stream: ${opsOf(wentOn)}${more(wentOn)}`,
    why: "Closing the stream is how a call is cancelled; nobody will ever fetch what is still worked on.",
    fix: "Pass the end of a response stream on to the upstream requests that were made for it.",
    witness: witnessOf(wentOn),
  };
}

function aboutDropped(server: string, dropped: readonly CutCall[], all: readonly CutCall[]): Finding {
  return {
    grade: "weakness",
    blames: "server",
    says:
      `${server} dropped the work of ${dropped.length} of ${counted(all.length, "call")} whose connection was closed, ` +
      `although nobody had cancelled them: ${opsOf(dropped)}${more(dropped)}`,
    why: "A connection can break for any reason; in this revision the call lives on, and its caller may come back for the answer.",
    fix: "Go on until the work is done or notifications/cancelled comes; only that is a cancel.",
    witness: witnessOf(dropped),
  };
}

function opsOf(calls: readonly CutCall[]): string {
  return calls
    .slice(0, examplesMax)
    .map(({ op }) => op)
    .join(", ");
}

function more(calls: readonly CutCall[]): string {
  return calls.length > examplesMax ? ` and ${calls.length - examplesMax} more` : "";
}

function shownUs(us: number): string {
  return formatDuration(Math.round(us / 1000));
}

function witnessOf(calls: readonly CutCall[]): Finding["witness"] {
  const events = calls.flatMap(({ gaveUp, row }) => [...gaveUp.events, ...(row === undefined ? [] : [row.id])]);
  return {
    events: [...new Set(events)].slice(0, witnessesMax),
    ops: calls.slice(0, witnessesMax).map(({ op }) => op),
  };
}
