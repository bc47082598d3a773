/** What a look at a server calls, and what it never does. */
import { expect, test } from "vitest";
import { look } from "../../src/commands/init/look.ts";
import { openMaker } from "../../src/samples/open-maker.ts";
import { realWorld } from "../../src/world.ts";

test("of two tools with one name neither is called unless both may be", async () => {
  const entry = (name: string, readOnlyHint: boolean) => ({
    name,
    inputSchema: { type: "object" },
    annotations: { readOnlyHint },
  });
  const tools = [entry("wipe", false), entry("wipe", true), entry("read", true), entry("read", true)];
  const called: string[] = [];
  const maker = openMaker({ world: realWorld });
  try {
    const { leftAlone } = await look(
      {
        protocolVersion: "2025-11-25",
        sharesStream: false,
        openedMs: 1,
        listTools: () => Promise.resolve({ is: "listed", tools }),
        call: (tool) => {
          called.push(tool);
          return Promise.resolve({ ok: true, tookMs: 1, says: "", isTimeout: false, endsProcess: false });
        },
      },
      {
        server: "server",
        allowed: [],
        samplesOf: () => Promise.resolve({}),
        paths: [],
        seed: 1,
        maker,
        world: realWorld,
      },
    );
    expect(called).toEqual(["read"]);
    expect(leftAlone.map(({ tool }) => tool.name)).toEqual(["wipe"]);
  } finally {
    await maker.close();
  }
});
