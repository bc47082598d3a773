/** What a plan declares: all that checks may know of a run before its first event, and nothing of its course. */
import type { ProtocolVersion } from "./protocol.ts";
import type { FaultPlace } from "./fault-place.ts";

export type Mode = "faults" | "control";
/** The mildest grade of finding that fails a run. */
export type FailOn = "violation" | "weakness";
/** How a fault is taken back. What depends on it recovers differently, so the history keeps which it was. */
export type HealForm = "let-through" | "drop-connections" | "start-again";
export type PhaseRole = "warm-up" | "baseline" | "fault" | "recovery" | "final";

/** What the plan promised, so that a check can tell "nothing there" from "never looked". */
export interface Declared {
  readonly phases: readonly { readonly phase: string; readonly role: PhaseRole }[];
  readonly links: readonly DeclaredLink[];
  readonly faults: readonly DeclaredFault[];
  readonly steps: readonly DeclaredStep[];
  readonly effects: readonly DeclaredEffect[];
  readonly servers: readonly DeclaredServer[];
  readonly groups: readonly DeclaredGroup[];
  readonly checks: readonly string[];
  readonly thresholds: readonly string[];
  /** Those of them that end the run as soon as they fail. Absent: none. */
  readonly aborts?: readonly DeclaredAbort[];
  /** The conditions under which the run ends early. Absent: none. */
  readonly stops?: readonly DeclaredStop[];
}

export interface DeclaredEffect {
  readonly effect: string;
  /** What the place is called where it is counted. */
  readonly ledger: string;
  /** How many effects an op is to have. Absent: one. */
  readonly expect?: number;
  /** It is read back from where a foreign server leaves it. */
  readonly read?: {
    readonly by: string;
    /** Only how many there are in all can be told, not whose they are. */
    readonly isTotal?: true;
    /** Rows go again, so that one which is missing proves nothing. */
    readonly forgets?: true;
    /** The fields of a row that are compared with what its op asked for. */
    readonly content?: readonly string[];
  };
  /** No ledger is read: requests that an upstream has answered with success stand for effects. */
  readonly requests?: {
    readonly upstream: string;
    readonly methods: readonly string[];
    /** With * for any part between two slashes. Absent: any. */
    readonly path?: string;
  };
}

export interface DeclaredAbort {
  readonly expression: string;
  /** From the start of the first of its phases. */
  readonly graceMs: number;
}

export interface DeclaredStop {
  /** The trouble, written like a threshold. */
  readonly when: string;
  readonly forMs: number;
}

export interface DeclaredLink {
  readonly link: string;
  readonly plane: "agent-server" | "balancer-replica" | "server-upstream";
  /** The server at one end of it. */
  readonly server: string;
  /** What its tap can read: on tcp only bytes, so requests cannot be counted there. */
  readonly protocol: "mcp" | "stdio" | "http" | "tcp";
}

export interface DeclaredServer {
  readonly server: string;
  readonly transport: "http" | "stdio";
  /** The revision that is spoken with it, where the scenario says so. */
  readonly protocol?: ProtocolVersion;
  /** Squall starts it, so Squall also sees it end. */
  readonly isStarted: boolean;
  /** It runs as so many processes behind our balancer, each with a link of its own. Absent: it runs once. */
  readonly replicas?: { readonly count: number; readonly balance: "round-robin" | "sticky" };
  /** Agents call it straight, past every tap. */
  readonly direct?: true;
  /** It is told of an egress gateway: over which links it leads, and from which `host:port`. */
  readonly egress?: readonly { readonly link: string; readonly hosts: readonly string[] }[];
  /** How often it may end by itself, and how soon it must be back, for that to be its policy and no defect. */
  readonly restart?: { readonly most: number; readonly withinMs: number };
}

/** How the agents of a group react, as far as checks must know it. */
export interface DeclaredGroup {
  readonly group: string;
  readonly wire: "lean" | "sdk";
  /** Its sessions are to hear what servers say outside of answers. */
  readonly listens?: true;
  /** For one walk of the whole chain. */
  readonly budgetMs?: number;
  readonly onTimeout: "cancel" | "close" | "abandon";
  /** How often its policy tries one op at most. */
  readonly attemptsMax: number;
  /** It asks for what a lost event stream did not bring. */
  readonly resumes?: true;
}

export interface DeclaredFault extends FaultPlace {
  readonly fault: string;
  readonly kind: string;
  /** The links on which others meet it. Absent: its own. */
  readonly links?: readonly string[];
  readonly phase: string;
  readonly healForm: HealForm;
  /** No answer gets through its links while it is on. */
  readonly silences?: true;
}

export interface DeclaredStep {
  readonly group: string;
  readonly step: number;
  readonly server: string;
  readonly tool: string;
  /** Absent: a tool's call. */
  readonly kind?: string;
  /** The patience for one attempt, at most. */
  readonly timeoutMs: number;
  readonly effect?: string;
  /** The scenario says that an empty answer is fine here. */
  readonly mayBeEmpty?: true;
  /** The scenario says what its answers must echo. */
  readonly echoes?: true;
  /** It asks to be told how far it is. */
  readonly progress?: true;
  /** Its agent sends back a requestState that it has changed. */
  readonly tampers?: true;
  /** It stands in for this step. */
  readonly insteadOf?: number;
  /** Which turn of the walk it belongs to, where there are several: each has the budget to itself. */
  readonly turn?: number;
}

/** One that is asked for other things only, such as resources, need have no tools at all. */
export function offersTools(server: string, { steps }: Pick<Declared, "steps">): boolean {
  const asked = steps.filter((step) => step.server === server);
  return asked.length === 0 || asked.some(callsTool);
}

/** A step, or an op of one, that may change something: all else only reads. */
export function callsTool({ kind }: { readonly kind?: string | undefined }): boolean {
  return kind === undefined || kind === "task";
}
