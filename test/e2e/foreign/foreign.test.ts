/** Servers as a stranger has them: out of an .mcp.json, before an upstream of which only bytes are seen. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../../src/history/events.ts";
import { freePort } from "../../../src/targets/free-port.ts";
import { readHistory } from "../../../src/history/segments.ts";
import { verdictsDocument, type Verdicts } from "../../../src/reporters/verdicts.ts";
import { canSeeProcesses, nothingIsLeft, onlyRun, startSquall, temporaryFolder } from "../squall.ts";

const shelf = fileURLToPath(new URL("./shelf.ts", import.meta.url));
const store = fileURLToPath(new URL("./store.ts", import.meta.url));
const node = process.execPath;

interface Given {
  readonly mcp: unknown;
  /** Of the server named shelf, in the scenario. */
  readonly shelf: unknown;
  readonly modes?: readonly string[];
  readonly fault: unknown;
  readonly checks?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface Came {
  readonly verdicts: Verdicts;
  readonly events: readonly HistoryEvent[];
  /** All that the run has written, and said. */
  readonly written: string;
}

async function runWith({ mcp, shelf: own, modes = [], fault, checks, env = {} }: Given): Promise<Came> {
  await using folder = await temporaryFolder();
  const scenario = {
    name: "foreign",
    upstreams: {
      store: {
        command: [node, store, "${port}", ...modes],
        url: "books://librarian:the-store-password@127.0.0.1:${port}/library",
      },
    },
    servers: { shelf: own },
    agents: {
      reader: {
        policy: { kind: "none", timeout: "4s" },
        arrivals: { count: 3, thinkTime: "20ms" },
        chain: [{ call: "shelf.ListBooks" }, { call: "shelf.AddBook", args: { title: "Emma" } }],
      },
    },
    phases: [{ baseline: "2s" }, { fault: "3s", recovery: "4s", name: "outage" }],
    faults: [{ link: "shelf->store", for: "2s", ...Object(fault) }],
    checks: checks ?? ["silent-empty", "survives"],
  };
  // JSON is YAML.
  await writeFile(join(folder.path, "foreign.yaml"), JSON.stringify(scenario));
  await writeFile(join(folder.path, ".mcp.json"), JSON.stringify({ mcpServers: { shelf: mcp } }));
  const args = ["run", "foreign.yaml", "--mcp-config", ".mcp.json", "--json", "--quiet"];
  const running = startSquall(args, { cwd: folder.path, env });
  const { stdout, stderr } = await running.ended;
  if (canSeeProcesses) await nothingIsLeft(running);
  const verdicts = parsed(stdout, stderr);
  const run = await onlyRun(folder.path);
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(run, "history"))) events.push(event);
  const files = await readdir(run, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), "latin1")),
  );
  return { verdicts, events, written: [...texts, JSON.stringify(events), stdout, stderr].join("\n") };
}

function parsed(stdout: string, stderr: string): Verdicts {
  try {
    return verdictsDocument.parse(JSON.parse(stdout));
  } catch (error) {
    throw new Error(`no verdicts:\n${stdout}\n${stderr}`, { cause: error });
  }
}

const verdictOf = ({ verdicts }: Came, name: string) => verdicts.checks.find(({ check }) => check === name);

const gradesOf = (came: Came, name: string): string[] => {
  const findings = verdictOf(came, name)?.findings ?? [];
  return [...new Set(findings.map(({ grade, blames }) => `${grade} of ${blames}`))];
};

describe.concurrent("a server from .mcp.json whose store is broken over TCP", () => {
  test("is told of it in an argument, over stdio, and says that it fails", async () => {
    const came = await runWith({
      mcp: { command: node, args: [shelf, "--store", "books://elsewhere:1/"] },
      shelf: { args: [shelf, "--store", "${links.store.url}"] },
      fault: { kind: "egress-block" },
    });
    expect(came.verdicts, JSON.stringify(came.verdicts)).toMatchObject({ verdict: "pass", gaps: [] });
    expect(verdictOf(came, "silent-empty")?.looked).toBeGreaterThan(0);
    expect(came.verdicts.notCovered).toContainEqual({
      check: "the requests on shelf->store",
      because: "it speaks tcp: connections and bytes were seen there, and no request",
    });
    expect(came.verdicts.replay).toContain("--mcp-config .mcp.json");
    expect(came.written).not.toContain("the-store-password");
  });

  test("is told of it in a file of its own, and swallows what is slow behind nobody's back", async () => {
    const came = await runWith({
      mcp: { command: node, args: [shelf], env: { MODE: "${SHELF_MODE}" } },
      shelf: {
        args: [shelf, "--config", "${files.shelf.json}"],
        files: {
          "shelf.json": '{ "host": "${links.store.host}", "port": ${links.store.port}, "key": "written-for-it" }',
        },
      },
      fault: { kind: "egress-block", how: "black-hole" },
      env: { SHELF_MODE: "swallow" },
    });
    expect(verdictOf(came, "silent-empty"), JSON.stringify(came.verdicts)).toMatchObject({ verdict: "fail" });
    // A call that the silence met in its middle may have had its answer before.
    expect(gradesOf(came, "silent-empty")).toContain("violation of server");
    expect(verdictOf(came, "survives")).toMatchObject({ verdict: "pass" });
    expect(came.written).not.toContain("written-for-it");
  });

  test("is told of it in a variable, and empty answers of a slow store accuse nobody", async () => {
    const came = await runWith({
      mcp: {
        type: "stdio",
        command: node,
        args: [shelf],
        env: { STORE_URL: "${NOWHERE:-books://x:1/}", MODE: "swallow" },
      },
      shelf: { upstreams: { STORE_URL: "store" } },
      fault: { kind: "latency", delay: "1500ms" },
    });
    expect(verdictOf(came, "silent-empty"), JSON.stringify(came.verdicts)).toMatchObject({ verdict: "unknown" });
    expect(gradesOf(came, "silent-empty")).toEqual(["info of upstream"]);
    expect(came.verdicts.gaps).toEqual([]);
  });

  test.each([
    ["reset", { kind: "reset" }],
    ["timeout", { kind: "timeout", after: "300ms" }],
    ["slowness", { kind: "latency", delay: "300ms" }],
    ["a way that goes and comes", { kind: "flap", down: "300ms", up: "300ms" }],
  ])("shows %s by bytes and connections alone", async (_, fault) => {
    const came = await runWith({
      mcp: { command: node, args: [shelf], env: { STORE_URL: "" } },
      shelf: { env: { STORE_URL: "${links.store.url}" } },
      modes: ["late"],
      fault,
      checks: ["survives"],
    });
    expect(came.verdicts, JSON.stringify(came.verdicts)).toMatchObject({ verdict: "pass", gaps: [] });
    const edges = came.events.filter((event) => event.type === "fault").map(({ edge }) => edge);
    expect(edges.slice(0, 3)).toEqual(["requested", "observed", "healed"]);
  });
});

test("a server over HTTP from .mcp.json is called where it runs, with its headers, which nobody sees", async () => {
  const port = await freePort();
  const alone = spawn(node, [store, String(port)], { stdio: "ignore" });
  const listening = await freePort();
  const config = { host: "127.0.0.1", port };
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "shelf.json"), JSON.stringify(config));
  const server = spawn(node, [shelf, "--config", join(folder.path, "shelf.json"), "--port", String(listening)], {
    stdio: "ignore",
  });
  try {
    const scenario = {
      name: "by-url",
      agents: { reader: { arrivals: { count: 2, thinkTime: "20ms" }, chain: [{ call: "shelf.ListBooks" }] } },
      phases: [{ baseline: "2s" }, { fault: "2s", recovery: "2s", name: "outage" }],
      faults: [{ link: "agents->shelf", kind: "egress-block", for: "1s" }],
      checks: ["survives"],
    };
    const mcp = {
      type: "http",
      url: `http://127.0.0.1:${listening}/mcp`,
      headers: { Authorization: "Bearer ${TOKEN}" },
    };
    await writeFile(join(folder.path, "by-url.yaml"), JSON.stringify(scenario));
    await writeFile(join(folder.path, "mcp.json"), `// of VS Code\n${JSON.stringify({ servers: { shelf: mcp } })}`);
    const args = ["run", "by-url.yaml", "--mcp-config", "mcp.json", "--json", "--quiet"];
    const running = startSquall(args, { cwd: folder.path, env: { TOKEN: "a-token-of-a-stranger" } });
    const { stdout, stderr } = await running.ended;
    expect(parsed(stdout, stderr), stdout).toMatchObject({ verdict: "pass", gaps: [] });
    const document = await readFile(join(await onlyRun(folder.path), "scenario.json"), "utf8");
    expect(document).toContain(String(listening));
    expect(document + stdout + stderr).not.toContain("a-token-of-a-stranger");
  } finally {
    const ended = [server, alone].map((child) => once(child, "exit"));
    for (const child of [server, alone]) child.kill("SIGKILL");
    await Promise.all(ended);
  }
});
