/** A session on the SDK's client, whatever transport lies below it. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { deniesSession, type Refusal } from "../history/session-words.ts";
import { formatDuration } from "../units.ts";
import type { World } from "../world.ts";
import { isProtocolVersion } from "../history/protocol.ts";
import { AskDesk } from "./asked-back.ts";
import { usualDialect } from "./dialect.ts";
import { refusalClass } from "./lean-body.ts";
import { countdown } from "./lean-asked.ts";
import { isObject } from "./lean-rpc.ts";
import { sayFarewell } from "./sdk-farewell.ts";
import { createStops } from "./lean-stops.ts";
import { ProgressWatch } from "./progress-watch.ts";
import { listenAt, SdkEar } from "./sdk-ear.ts";
import { answerOf, bare, createWords } from "./mcp-result.ts";
import { pagesMax } from "./requests.ts";
import { answerWith } from "./sdk-asked.ts";
import { createPatientValidator } from "./sdk-validator.ts";
import { askClient } from "./sdk-requests.ts";
import { answerOfThrown, isTimeout, wordsOfThrown, type Called } from "./sdk-outcome.ts";
import {
  SessionError,
  type Answer,
  type CallRequest,
  type HttpSessionOptions,
  type Session,
  type Tool,
} from "./session.ts";

/** A transport of the SDK, and what sessions on it need to know beside. */
export interface SdkEnd {
  /** As messages name it. */
  readonly name: string;
  readonly transport: Transport;
  /** Known once connected. */
  readonly protocolVersion: () => string | undefined;
  /** All that its server says comes in order, and reaches it. */
  readonly isPipe: boolean;
  /** Whether the server has given the session an id. */
  readonly inSession: () => boolean;
  /** Nothing can be called in this session any more, and another one may be opened. */
  readonly isLost: () => boolean;
  /** Tells the server that the session is over, where there is a way to. */
  readonly farewell: () => Promise<void>;
}

/** Nor what is asked for beside the calls. */
const subscribeTimeoutMs = 2000;

type Options = Pick<
  HttpSessionOptions,
  | "headers"
  | "mask"
  | "dialect"
  | "timeoutMs"
  | "world"
  | "clientName"
  | "answered"
  | "takesTasks"
  | "hears"
  | "listens"
>;

export async function openSdkSessionOver({ transport, ...end }: SdkEnd, options: Options): Promise<Session> {
  const asks = new AskDesk(options);
  const client = new Client(
    { name: options.clientName, version: "1" },
    { capabilities: asks.capabilities, jsonSchemaValidator: createPatientValidator() },
  );
  const answer: typeof client.fallbackRequestHandler = (request, { signal: over }) =>
    answerWith(asks, request, { over, refuse: ({ code, message }) => new McpError(code, message) });
  client.fallbackRequestHandler = answer;
  const ear = new SdkEar({ hears: options.hears, isPipe: end.isPipe });
  listenAt(transport, ear);
  const speaker: Speaker = {
    asks,
    ear,
    connect: (timeout) => client.connect(transport, { timeout }),
    ask: (request, how) => askClient(client, request, how),
    toolPage: (cursor, timeout) => client.listTools(cursor === undefined ? undefined : { cursor }, { timeout }),
    hasEnded: () => client.transport === undefined,
    close: () => client.close(),
    answerOfThrown,
    isTimeout,
    isLoss: (thrown) => thrown instanceof StreamableHTTPError && deniesSession(refusalIn(thrown)),
    statusOf: (thrown) => (thrown instanceof StreamableHTTPError ? thrown.code : undefined),
  };
  return openSessionOf(speaker, end, options);
}

/** What sessions need of a client of the SDK, of whichever version. */
export interface Speaker {
  readonly asks: AskDesk;
  readonly ear: SdkEar;
  readonly connect: (timeoutMs: number) => Promise<void>;
  readonly ask: (request: CallRequest, how: HowToAsk) => Promise<unknown>;
  /** Asks to be told of changed lists, where that has to be asked for: whether it will be. */
  readonly subscribe?: (timeoutMs: number) => Promise<boolean>;
  readonly toolPage: (cursor: string | undefined, timeoutMs: number) => Promise<ToolPage>;
  readonly hasEnded: () => boolean;
  readonly close: () => Promise<void>;
  readonly answerOfThrown: (thrown: unknown, called: Called) => Answer;
  readonly isTimeout: (thrown: unknown) => boolean;
  /** The server refused a session that it had opened. */
  readonly isLoss: (thrown: unknown) => boolean;
  readonly statusOf: (thrown: unknown) => number | undefined;
}

/** In the SDKs' own words. */
export interface HowToAsk {
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Without it they ask for no progress. */
  readonly onprogress?: () => void;
  readonly resetTimeoutOnProgress?: true;
  readonly maxTotalTimeout?: number;
}

interface ToolPage {
  readonly tools: readonly {
    readonly name: string;
    readonly annotations?: SdkHints | undefined;
  }[];
  readonly nextCursor?: string | undefined;
}

type End = Omit<SdkEnd, "transport">;

export async function openSessionOf(speaker: Speaker, end: End, options: Options): Promise<Session> {
  await connect(speaker, end, options);
  const { dialect = usualDialect } = options;
  const version = end.protocolVersion();
  if (!isProtocolVersion(version) || !dialect.versions.includes(version)) {
    await speaker.close();
    throw new SessionError(
      `${end.name} and the SDK agreed on protocol version ${version ?? "none"}, expected ${dialect.versions.join(", ")}`,
    );
  }
  const session = sessionOn(speaker, end, options);
  if (options.listens !== true) return session;
  // Of the stream that the SDK opens for itself over HTTP it says nothing.
  const listens = (await speaker.subscribe?.(subscribeTimeoutMs)) ?? (end.isPipe ? true : undefined);
  return listens === undefined ? session : Object.assign(session, { listens });
}

async function connect(speaker: Speaker, end: End, options: Options): Promise<void> {
  const { timeoutMs, world } = options;
  const late = Promise.withResolvers<never>();
  // The SDK's own timeout covers `initialize`, but not the message after it, which it would wait on for minutes.
  const patience = world.timer(timeoutMs, () =>
    late.reject(new SessionError(`${end.name} did not open a session within ${formatDuration(timeoutMs)}`)),
  );
  try {
    await Promise.race([speaker.connect(timeoutMs), late.promise]);
  } catch (thrown) {
    await speaker.close();
    throw sessionErrorOf(thrown, { speaker, end, options, doing: "open a session", timeoutMs });
  } finally {
    patience.cancel();
  }
}

function sessionOn(speaker: Speaker, end: End, options: Options): Session {
  const { world } = options;
  const words = createWords(Object.values(options.headers), options.mask);
  const stops = createStops();
  let closing = false;

  const call = async (request: CallRequest): Promise<Answer> => {
    if (request.signal.aborted) return bare("stopped");
    if (closing) return bare("no-session");
    // A signal that calls share would keep a listener of each, and cancel calls that have long ended.
    const own = new AbortController();
    const forget = stops.add(request.signal, () => own.abort("the run is over"));
    const startedUs = world.nowUs();
    // Node's timers know no parts of milliseconds, and would cut them off.
    const timeout = Math.ceil(request.timeoutMs);
    const asked = { method: request.method, words };
    const { answering, meta } = request;
    const told = beginToTell(speaker.ear, request, world);
    const seen = (answer: Answer): Answer => (told === undefined ? answer : { ...answer, progress: told.watch.seen() });
    const endAsking = answering && speaker.asks.begin(answering);
    try {
      const result = await speaker.ask(request, { timeout, signal: own.signal, ...told?.how });
      return seen(isObject(result) ? answerOf({ result }, asked) : bare("malformed-answer"));
    } catch (thrown) {
      if (own.signal.aborted || closing) return bare("stopped");
      const elapsedMs = (world.nowUs() - startedUs) / 1000;
      const ended = speaker.hasEnded();
      const { maxTotalTimeout: mostMs } = told?.how ?? {};
      const called = { ...asked, timeoutMs: timeout, mostMs, elapsedMs, ended, inSession: end.inSession() };
      return seen(speaker.answerOfThrown(thrown, called));
    } finally {
      forget();
      if (told !== undefined) speaker.ear.end(meta.traceparent, "left");
      endAsking?.();
    }
  };

  const leave = async (farewell: () => Promise<void>): Promise<void> => {
    if (closing) return;
    closing = true;
    stops.stopAll();
    await farewell();
    await speaker.close();
  };

  return {
    protocolVersion: end.protocolVersion() ?? "",
    hasId: end.inSession(),
    get lost() {
      return end.isLost();
    },
    call,
    listTools: (timeoutMs) => listTools(speaker, { end, options, timeoutMs }),
    close: () => leave(() => sayFarewell(end, world)),
    abandon: () => leave(() => Promise.resolve()),
  };
}

function beginToTell(ear: SdkEar, { meta, resetOnProgress }: CallRequest, world: World) {
  const { traceparent, progressToken: ours } = meta;
  if (ours === undefined) return undefined;
  const watch = new ProgressWatch(world);
  ear.begin(traceparent, { ours, onProgress: (value, inOrder) => watch.note(value, inOrder) });
  const { mostMs } = resetOnProgress ?? {};
  const most =
    mostMs === undefined || mostMs === Number.POSITIVE_INFINITY ? {} : { maxTotalTimeout: Math.ceil(mostMs) };
  // The ear is told at the transport; but the SDK asks for progress only where it is given somebody to tell.
  const how: Omit<HowToAsk, "timeout" | "signal"> = {
    onprogress: () => undefined,
    ...(resetOnProgress === undefined ? {} : { resetTimeoutOnProgress: true, ...most }),
  };
  return { watch, how };
}

async function listTools(
  speaker: Speaker,
  { end, options, timeoutMs }: { readonly end: End; readonly options: Options; readonly timeoutMs: number },
): Promise<readonly Tool[]> {
  const leftMs = countdown(options, timeoutMs);
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const listed = await speaker.toolPage(cursor, Math.ceil(leftMs())).catch((thrown: unknown) => {
      throw sessionErrorOf(thrown, { speaker, end, options, doing: "answer tools/list", timeoutMs });
    });
    tools.push(
      ...listed.tools.map((tool) => ({
        name: tool.name,
        readOnly: tool.annotations?.readOnlyHint === true,
        ...(tool.annotations?.idempotentHint === true ? { idempotent: true as const } : {}),
        entry: { ...tool },
      })),
    );
    cursor = listed.nextCursor;
    if (cursor === undefined) return tools;
  }
  throw new SessionError(`${end.name} has more than ${pagesMax} pages of tools`);
}

function sessionErrorOf(
  thrown: unknown,
  about: {
    readonly speaker: Speaker;
    readonly end: End;
    readonly options: Options;
    readonly doing: string;
    readonly timeoutMs: number;
  },
): SessionError {
  if (thrown instanceof SessionError) return thrown;
  const { speaker, end, options, doing, timeoutMs } = about;
  const silent = `${end.name} did not ${doing}`;
  if (speaker.isTimeout(thrown)) return new SessionError(`${silent} within ${formatDuration(timeoutMs)}`);
  const says = createWords(Object.values(options.headers), options.mask)(wordsOfThrown(thrown)) ?? "(no message)";
  const isLoss = end.inSession() && speaker.isLoss(thrown);
  const status = speaker.statusOf(thrown);
  return new SessionError(`${silent}: ${says}`, { cause: thrown, isLoss, status });
}

function refusalIn({ code: status = 0, message: says }: StreamableHTTPError): Refusal {
  return { class: refusalClass(status, true), status, says };
}

interface SdkHints {
  readonly readOnlyHint?: boolean | undefined;
  readonly idempotentHint?: boolean | undefined;
}
