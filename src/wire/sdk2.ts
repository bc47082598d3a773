/**
 * The SDK's wire for 2026-07-28: its second version, @modelcontextprotocol/client, as it comes. It asks `server/discover`
 * whenever it connects.
 */
import {
  Client,
  deserializeMessage,
  ProtocolError,
  serializeMessage,
  StreamableHTTPClientTransport,
  type JSONRPCMessage,
  type Transport,
} from "@modelcontextprotocol/client";
import { z } from "zod";
import type { AskMethod } from "../history/asked-events.ts";
import { AskDesk } from "./asked-back.ts";
import { openBoundedFetch } from "./bounded-fetch.ts";
import { sessionless } from "./dialect.ts";
import { transportOver, type Lines } from "./sdk-pipe.ts";
import { listenAt, SdkEar } from "./sdk-ear.ts";
import { openSessionOf, type HowToAsk, type SdkEnd } from "./sdk-session.ts";
import { answerWith } from "./sdk-asked.ts";
import { createPatientValidator } from "./sdk-validator.ts";
import { answerOfThrown2, isTimeout2, statusOf2 } from "./sdk2-outcome.ts";
import { asked, nameOf } from "./sdk.ts";
import type { CallRequest, Session, SessionOptions } from "./session.ts";
import { subscribing } from "./subscription.ts";

export async function openSdk2Session(options: SessionOptions): Promise<Session> {
  const pin = options.dialect?.versions[0] ?? sessionless;
  const asks = new AskDesk(options);
  const client = new Client(
    { name: options.clientName, version: "1" },
    {
      capabilities: asks.capabilities,
      versionNegotiation: { mode: { pin } },
      jsonSchemaValidator: createPatientValidator(),
    },
  );
  for (const method of options.answered ?? []) answerIn(client, asks, method);
  const { transport, ...end } = "pipe" in options ? overPipe(options) : overHttp(options);
  const ear = new SdkEar({ hears: options.hears, isPipe: end.isPipe });
  listenAt(transport, ear);
  return openSessionOf(
    {
      asks,
      ear,
      connect: (timeout) => client.connect(transport, { timeout }),
      ask: (request, how) => askClient2(client, request, how),
      toolPage: (cursor, timeout) =>
        client.request({ method: "tools/list", params: cursor === undefined ? {} : { cursor } }, { timeout }),
      subscribe: (timeout) =>
        client.listen(subscribing.params.notifications, { timeout }).then(
          () => true,
          () => false,
        ),
      hasEnded: () => client.transport === undefined,
      close: () => client.close(),
      answerOfThrown: answerOfThrown2,
      isTimeout: isTimeout2,
      // There are none to lose.
      isLoss: () => false,
      statusOf: statusOf2,
    },
    { ...end, protocolVersion: () => client.getNegotiatedProtocolVersion() },
    "pipe" in options ? { ...options, headers: {} } : options,
  );
}

type End2 = Omit<SdkEnd, "transport" | "protocolVersion"> & { readonly transport: Transport };

function overHttp({ url, headers, authorization }: Exclude<SessionOptions, { readonly pipe: unknown }>): End2 {
  return {
    name: nameOf(url),
    transport: new StreamableHTTPClientTransport(url, {
      requestInit: { headers: asked(headers, authorization) },
      fetch: openBoundedFetch(),
    }),
    isPipe: false,
    isLost: () => false,
    inSession: () => false,
    farewell: () => Promise.resolve(),
  };
}

function overPipe({ server, pipe }: Extract<SessionOptions, { readonly pipe: unknown }>): End2 {
  let isLost = false;
  const lines: Lines<JSONRPCMessage> = { read: deserializeMessage, write: serializeMessage };
  const transport = transportOver(pipe, lines, () => {
    isLost = true;
  });
  return {
    name: server,
    transport,
    isPipe: true,
    isLost: () => isLost,
    inSession: () => false,
    farewell: () => Promise.resolve(),
  };
}

/** It answers what is asked within an answer by itself, and makes its call again: its users see only what that comes to. */
function answerIn(client: Client, asks: AskDesk, method: AskMethod): void {
  client.setRequestHandler(method, { params: anyResult.default({}) }, (params, { mcpReq: { signal: over } }) =>
    answerWith(asks, { method, params }, { over, refuse: ({ code, message }) => new ProtocolError(code, message) }),
  );
}

const anyResult = z.looseObject({});

function askClient2(client: Client, request: CallRequest, how: HowToAsk): Promise<unknown> {
  const { method, name = "", meta } = request;
  const params = { ...request.params, _meta: { ...meta } };
  switch (method) {
    case "tools/call":
      return client.callTool({ ...params, name }, how);
    case "resources/read":
      return client.readResource({ ...params, uri: name }, how);
    case "prompts/get":
      return client.getPrompt({ ...params, name }, how);
    default:
      return client.request({ method, params }, anyResult, how);
  }
}
