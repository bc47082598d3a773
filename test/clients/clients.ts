/** The real clients that profiles imitate: how each is driven, and whether it is on this machine. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProfileName } from "../../src/agents/profiles.ts";

export interface RealClient {
  readonly name: string;
  readonly profile: ProfileName;
  /** In drivers/; the ending says what runs it. */
  readonly driver: string;
  /** How an agent must speak to see no more than it does: its SDK does not notice that an event stream broke off. */
  readonly wire: "lean" | "sdk";
  /** Its folder among the installed ones; absent: it is a package of ours. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const { SQUALL_THIRD_PARTY, XDG_CACHE_HOME } = process.env;
const home = join(
  SQUALL_THIRD_PARTY ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "squall-third-party"),
  "clients",
);

export const driversFolder = fileURLToPath(new URL("drivers/", import.meta.url));

export const realClients: readonly RealClient[] = [
  { name: "@modelcontextprotocol/sdk", profile: "sdk-60s", driver: "sdk-v1.js", wire: "sdk" },
  { name: "@modelcontextprotocol/client", profile: "sdk-60s", driver: "sdk-v2.js", wire: "sdk" },
  {
    name: "@langchain/mcp-adapters",
    profile: "sdk-60s",
    driver: "langchain-js.js",
    wire: "sdk",
    folder: "langchain-js",
  },
  {
    name: "@openai/agents",
    profile: "sdk-60s",
    driver: "openai-agents-js.js",
    wire: "sdk",
    folder: "openai-agents-js",
  },
  { name: "mcporter", profile: "reopens-60s", driver: "mcporter.js", wire: "sdk", folder: "mcporter" },
  { name: "@ai-sdk/mcp", profile: "no-timeout", driver: "ai-sdk.js", wire: "sdk", folder: "ai-sdk" },
  { name: "mcp (Python)", profile: "no-timeout", driver: "mcp-python.py", wire: "sdk", folder: "mcp-python" },
  {
    name: "@ai-sdk/mcp with maxRetries: 2",
    profile: "5xx-retry",
    driver: "ai-sdk.js",
    wire: "sdk",
    folder: "ai-sdk",
    env: { MAX_RETRIES: "2" },
  },
  { name: "@mastra/mcp", profile: "reconnect-once", driver: "mastra.js", wire: "sdk", folder: "mastra" },
  {
    name: "langchain with toolRetryMiddleware",
    profile: "middleware-retry-2",
    driver: "langchain-js.js",
    wire: "sdk",
    folder: "langchain-js",
    env: { MIDDLEWARE: "toolRetry" },
  },
  {
    name: "langchain-mcp-adapters (Python)",
    profile: "process-per-call",
    driver: "langchain-python.py",
    wire: "sdk",
    folder: "langchain-python",
  },
  {
    name: "openai-agents (Python)",
    profile: "impatient-5s",
    driver: "openai-agents-python.py",
    wire: "lean",
    folder: "openai-agents-python",
  },
  {
    name: "autogen-ext (Python)",
    profile: "process-per-call",
    driver: "autogen-python.py",
    wire: "sdk",
    folder: "autogen-python",
  },
  { name: "google-adk (Python)", profile: "no-timeout", driver: "google-adk.py", wire: "lean", folder: "google-adk" },
  {
    name: "pydantic-ai (Python)",
    profile: "model-retry-1",
    driver: "pydantic-ai.py",
    wire: "lean",
    folder: "pydantic-ai",
  },
];

export function folderOf({ folder }: RealClient): string | undefined {
  return folder === undefined ? undefined : join(home, folder);
}

/** Why it cannot be driven here. */
export function lackOf(client: RealClient): string | undefined {
  const folder = folderOf(client);
  if (folder === undefined) return undefined;
  const proof = client.driver.endsWith(".py") ? join(folder, "bin", "python") : join(folder, "node_modules");
  return existsSync(proof) ? undefined : "not installed: sh test/clients/install.sh";
}
