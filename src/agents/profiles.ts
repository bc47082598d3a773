/**
 * What real clients do, as compositions: each value as it was read in the client's source or seen in its behaviour.
 * Where a client waits for ever, its patience here is an hour, which no run outlasts.
 */
import type { WrittenParts } from "./composition.ts";

export interface Profile {
  readonly about: string;
  /** Whose behaviour it is, in which version, and how that is known. */
  readonly source: string;
  readonly policy: WrittenParts & { readonly timeout: string };
}

const anything = ["timeout", "connection", "http", "protocol", "rpc-error", "tool-error"] as const;

export const profiles = {
  "sdk-60s": {
    about:
      "The SDK as it comes: it waits a minute, tries nothing again, resumes lost streams, and uses a lost session on.",
    source: "@modelcontextprotocol/sdk 1.32.2, @modelcontextprotocol/client 2.4.0 and what uses them; measured",
    policy: { timeout: "60s", reconnect: { session: "never", stream: "resume" } },
  },
  "reopens-60s": {
    about: "It waits a minute and tries nothing again, but after any error the next call gets a new session.",
    source: "mcporter 0.12.3, measured; and what the specification asks of clients whose session is gone",
    policy: { timeout: "60s" },
  },
  "impatient-5s": {
    about: "It gives up after five seconds, tries nothing again, and goes on with a session that is lost.",
    source: "openai-agents (Python) 0.24.0, measured; AutoGen and Google ADK over stdio, read in their sources",
    policy: { timeout: "5s", reconnect: { session: "never" } },
  },
  "no-timeout": {
    about: "It waits for ever, tries nothing again, and goes on with a session that is lost.",
    source: "@ai-sdk/mcp 2.0.99 and the Python SDK (mcp) 1.29.1; measured, the former still pending after 70 s",
    policy: { timeout: "1h", reconnect: { session: "never" } },
  },
  "reconnect-once": {
    about:
      "After a broken connection it reconnects and sends the call once more, writes as well; a lost session it keeps.",
    // Its source also names HTTP 400, 401, 403 and 404, but in words that the errors of its SDK do not have.
    source: "@mastra/mcp 2.0.0, isReconnectableMCPError; measured: what was done before a reset is done twice",
    policy: {
      timeout: "60s",
      retry: { attempts: 2, retryOn: ["reset", "closed", "refused"] },
      reconnect: { session: "never" },
    },
  },
  "middleware-retry-2": {
    about: "Two more tries after any error, a second apart at first, twice as long with each, all in one session.",
    source: "toolRetryMiddleware of langchain 1.5.14, opt-in: 2 retries, 1 s, x2, ±25 %, at most 60 s; measured",
    policy: {
      timeout: "60s",
      retry: {
        attempts: 3,
        delay: "1s",
        backoff: "exponential",
        delayMax: "60s",
        jitter: "around",
        spread: "25%",
        retryOn: [...anything],
      },
      reconnect: { session: "never" },
    },
  },
  "5xx-retry": {
    about:
      "Two more tries after 408, 409, 429 and 5xx, and a wait for ever otherwise; a 504 makes writes happen twice.",
    source: "@ai-sdk/mcp 2.0.99 with maxRetries: 2, 2 s, x2; measured: refused connections are not tried again",
    policy: {
      timeout: "1h",
      retry: {
        attempts: 3,
        delay: "2s",
        backoff: "exponential",
        retryOn: ["http-408", "http-409", "http-429", "http-5xx"],
      },
      reconnect: { session: "never" },
    },
  },
  "process-per-call": {
    about: "Each call has a session of its own, and over stdio a process; nothing is tried again.",
    source: "langchain-mcp-adapters (Python) 0.3.2 by default, autogen-ext 0.7.5 over HTTP: a session a call; measured",
    policy: { timeout: "300s", sessions: { each: "call" } },
  },
  "model-retry-1": {
    about:
      "A model that is told of an error calls once more, whatever the tool does: HTTP errors and streams that break off " +
      "are such errors, broken connections are not.",
    source: "pydantic-ai 2.68.0: what its MCP client takes for an error becomes ModelRetry, one retry; measured",
    policy: {
      timeout: "300s",
      retry: { attempts: 2, retryOn: ["tool-error", "rpc-error", "http", "stream-ended", "truncated", "timeout"] },
    },
  },
  "naive-3": {
    about: "Three tries at once after anything: what a loop around a call does.",
    source: "ours, to be seen failing",
    policy: { timeout: "2s", retry: { attempts: 3, retryOn: [...anything] } },
  },
  careful: {
    about: "As it should be: few tries with jitter, only of what may be repeated, within a budget, behind a breaker.",
    source: "ours: Google SRE ch. 21 and 22, the AWS Builders' Library, and what replay policies of agents agree on",
    policy: {
      timeout: "10s",
      advice: { attempts: 3 },
      retry: {
        attempts: 3,
        delay: "200ms",
        backoff: "exponential",
        jitter: "full",
        retryAfter: "obey",
        resend: "safe",
      },
      retryBudget: { ratio: "10%", least: 0.1 },
      breaker: { failures: 5, openFor: "10s" },
    },
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;
export const profileNames = Object.keys(profiles) as [ProfileName, ...ProfileName[]];
