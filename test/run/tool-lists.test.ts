import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Unstamped } from "../../src/history/events.ts";
import { httpTarget, type SessionTarget } from "../../src/run/session-target.ts";
import { listingOf } from "../../src/steps/listing.ts";
import type { Tool } from "../../src/wire/session.ts";
import { createToolLists, listToolsAt } from "../../src/run/tool-lists.ts";
import { realWorld } from "../../src/world.ts";
import { fakeWorld, type FakeWorld } from "../fake-world.ts";

type Listing = readonly string[] | Error | "hangs";

/** A server that answers so, one listing after another, the last of them for ever. */
const toolsOf = (...names: string[]): Tool[] =>
  names.map((name) => ({ name, readOnly: false, entry: { name, inputSchema: {} } }));

function listsOf(world: FakeWorld, listings: readonly Listing[], sessionsAtFirst = 1) {
  const events: Unstamped[] = [];
  const clients: number[] = [];
  const left = [...listings];
  const lists = createToolLists({
    servers: ["cloud"],
    listToolsOf: async (_, timeoutMs) => {
      clients.push(timeoutMs);
      const [next] = left.length > 1 ? left.splice(0, 1) : left;
      if (next === "hangs") await world.sleep(timeoutMs);
      if (next === "hangs" || next === undefined) throw new Error("cloud did not answer tools/list");
      if (next instanceof Error) throw next;
      return toolsOf(...next);
    },
    sessionsAtFirst: () => sessionsAtFirst,
    recorder: { nowUs: world.nowUs, record: (event) => ({ id: `t:${events.push(event)}`, atUs: world.nowUs() }) },
    world,
  });
  return { lists, events, clients };
}

/** What they are in full is told where it is not as it was told last. */
const listed = (...tools: string[]) => ({ type: "tools-listed" as const, server: "cloud", tools });
const fresh = (...tools: string[]) => ({
  ...listed(...tools),
  listing: listingOf(toolsOf(...tools).map(({ entry }) => entry)),
});
let world: FakeWorld;
beforeEach(() => {
  world = fakeWorld();
});

describe("what a server offers", () => {
  test("is recorded at each asking, in one order", async () => {
    const { lists, events } = listsOf(world, [
      ["B", "A"],
      ["A", "B", "C"],
    ]);
    for (let n = 0; n < 2; n += 1) {
      void lists.ask();
      await world.advance(1000);
    }
    expect(events).toEqual([fresh("A", "B"), fresh("A", "B", "C"), listed("A", "B", "C")]);
  });

  test("is asked of those that are named, where some are", async () => {
    const { lists, events } = listsOf(world, [["A"]]);
    await lists.ask([]);
    expect(events).toEqual([]);
    await lists.ask(["cloud"]);
    expect(events).toEqual([fresh("A")]);
  });

  test("is asked once more where it is not what it was, so that a slip can be told from a change", async () => {
    const { lists, events } = listsOf(world, [["A", "B"], ["A"], ["B", "A"], ["A"]]);
    for (let n = 0; n < 3; n += 1) {
      void lists.ask();
      await world.advance(1000);
    }
    expect(events).toEqual([fresh("A", "B"), fresh("A"), fresh("A", "B"), fresh("A"), listed("A")]);
  });

  test("is asked in several sessions at first, and told apart only where they are told apart twice", async () => {
    const slip = listsOf(world, [["A", "B"], ["A"], ["A", "B"]], 3);
    void slip.lists.ask();
    await world.advance(1000);
    expect(slip.events).toEqual([{ ...fresh("A", "B"), sessions: 3 }]);

    const varies = listsOf(world, [["A", "B"], ["A"], ["A", "B"], ["A"], ["A", "B"]], 3);
    void varies.lists.ask();
    await world.advance(1000);
    expect(varies.events).toEqual([{ ...fresh("A", "B"), sessions: 3, others: [fresh("A").listing] }]);

    const gone = listsOf(world, [["A"], new Error("refused")], 3);
    void gone.lists.ask();
    await world.advance(10_000);
    expect(gone.events).toEqual([fresh("A")]);
  });

  test("is asked again while it cannot be told, until the patience ends, and the reason is recorded", async () => {
    const coming = listsOf(world, [new Error("refused"), new Error("refused"), ["A"]]);
    void coming.lists.ask();
    await world.advance(1000);
    expect(coming.events).toEqual([fresh("A")]);

    const gone = listsOf(world, [new Error("connect ECONNREFUSED")]);
    void gone.lists.ask();
    await world.advance(6000);
    expect(gone.events).toEqual([{ ...listed(), failed: "connect ECONNREFUSED" }]);

    const hangs = listsOf(world, ["hangs"]);
    void hangs.lists.ask();
    await world.advance(4999);
    expect(hangs.events).toEqual([]);
    await world.advance(2);
    expect(hangs.events).toMatchObject([{ failed: "cloud did not answer tools/list" }]);
    expect(Math.max(...hangs.clients)).toBe(5000);
  });

  test("is soon given up at the end where nobody is there", async () => {
    const { lists, events } = listsOf(world, [new Error("connect ECONNREFUSED")]);
    void lists.ask();
    const settling = lists.settle(new AbortController().signal);
    await world.advance(1001);
    await settling;
    expect(events).toMatchObject([{ failed: "connect ECONNREFUSED" }]);
  });

  test("is waited for at the end, but not by those in a hurry, and then it is not recorded late", async () => {
    const { lists, events } = listsOf(world, ["hangs"]);
    const hurrying = new AbortController();
    void lists.ask();
    let settled = false;
    const settling = lists.settle(hurrying.signal).then(() => (settled = true));
    await world.advance(1000);
    expect(settled).toBe(false);
    hurrying.abort();
    await settling;
    await world.advance(10_000);
    expect(events).toEqual([]);
  });
});

describe("asking a real server", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  test("waits for the start of a process as long as it takes, for the list as long as ever, and not for its end", async () => {
    const patiences: number[] = [];
    const slow = (startsProcesses: boolean): Pick<SessionTarget, "open" | "startsProcesses"> => ({
      startsProcesses,
      open: async () => {
        await world.sleep(6000);
        return {
          protocolVersion: "2025-06-18",
          lost: false,
          call: () => Promise.reject(new Error("nobody calls")),
          listTools: (timeoutMs) => {
            patiences.push(timeoutMs);
            return Promise.resolve([]);
          },
          close: () => (startsProcesses ? new Promise(() => {}) : Promise.resolve()),
        };
      },
    });
    for (const startsProcesses of [true, false]) {
      const listed = listToolsAt(slow(startsProcesses), { timeoutMs: 5000, world });
      await world.advance(6001);
      await listed;
    }
    expect(patiences).toEqual([5000, 1]);
  });

  test("takes a session of its own with a name that tells what it is for, and ends it", async () => {
    const seen: string[] = [];
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const text = Buffer.concat(await request.toArray()).toString();
      seen.push(request.method === "DELETE" ? "DELETE" : text);
      const { id, method } = (text === "" ? {} : JSON.parse(text)) as { id?: number; method?: string };
      if (id === undefined) {
        response.writeHead(202).end();
        return;
      }
      const result =
        method === "initialize"
          ? { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "x", version: "1" } }
          : { tools: [{ name: "A", inputSchema: {} }] };
      response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "s" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    };
    const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(() => server.close());
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
    const target = httpTarget("x", { url, headers: {} });
    expect(await listToolsAt(target, { timeoutMs: 5000, world: realWorld })).toMatchObject([
      { name: "A", entry: { name: "A", inputSchema: {} } },
    ]);
    expect(seen[0]).toContain('"name":"squall tools"');
    expect(seen.at(-1)).toBe("DELETE");
  });
});
