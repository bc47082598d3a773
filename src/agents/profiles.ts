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
    about: "The SDK as it comes: it waits a minute, tries nothing again, and goes on with a session that is lost.",
    source: "@modelcontextprotocol/sdk 1.32.2, @modelcontextprotocol/client 2.4.0 and what uses them; measured",
    policy: { timeout: "60s", sessions: { reconnect: "never" } },
  },
  "impatient-5s": {
    about: "It gives up after five seconds, and tries nothing again.",
    source: "OpenAI Agents (Python), AutoGen and Google ADK over stdio; read in their sources",
    policy: { timeout: "5s" },
  },
  "no-timeout": {
    about: "It waits for ever, and tries nothing again.",
    source: "@ai-sdk/mcp 2.0.99, measured, still pending after 70 s; Python SDK 1.29, read",
    policy: { timeout: "1h" },
  },
  "reconnect-once": {
    about: "It reconnects when an error sounds like a lost connection and sends the call once more, writes as well.",
    source: "@mastra/mcp 2.0.0, isReconnectableMCPError; measured: a row committed before a crash is committed twice",
    policy: {
      timeout: "60s",
      retry: {
        attempts: 2,
        retryOn: ["connection", "session-lost", "http-400", "http-401", "http-403", "http-404"],
      },
    },
  },
  "middleware-retry-2": {
    about: "Two more tries after any error, a second apart at first, twice as long with each.",
    source: "LangChain.js toolRetryMiddleware, opt-in: 2 retries, 1 s, x2, ±25 %, at most 60 s; read",
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
    },
  },
  "process-per-call": {
    about: "Each call has a session of its own, and over stdio a process; nothing is tried again.",
    source: "langchain-mcp-adapters (Python) 0.3.2 by default: a session a call, 300 s for its answer; read",
    policy: { timeout: "300s", sessions: { each: "call" } },
  },
  "model-retry-1": {
    about: "A model that is told of an error calls once more, whatever the tool does.",
    source: "pydantic-ai 4fda389: isError and McpError become ModelRetry, one retry; read",
    policy: { timeout: "300s", retry: { attempts: 2, retryOn: ["tool-error", "rpc-error", "timeout"] } },
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
