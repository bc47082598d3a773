import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";
import { squall } from "./squall.ts";

const scenario = {
  name: "drawn",
  servers: { far: { url: "http://127.0.0.1:1/mcp" } },
  agents: {
    open: { arrivals: { spike: { from: "5/s", to: "100/s", at: "4s", for: "2s" } }, chain: [{ call: "far.Echo" }] },
    closed: { arrivals: { count: 8, rampUp: "4s", for: "9s" }, chain: [{ call: "far.Echo" }] },
    once: { arrivals: { herd: { size: 10, at: "6s" } }, chain: [{ call: "far.Echo" }] },
  },
  phases: [{ baseline: "4s" }, { fault: "4s", recovery: "1s", name: "a-name-for-which-there-is-no-room" }],
  faults: [
    { kind: "latency", link: "open@far", delay: "1s" },
    { kind: "flap", link: "closed@far", down: "100ms", up: "100ms", at: "1s", for: "2s" },
  ],
};

test("phases, arrivals and faults are drawn over one axis of time", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "drawn.yaml");
  // JSON is YAML too.
  await writeFile(file, JSON.stringify(scenario));
  const { stdout } = await squall("run", file, "--dry-run");
  const [, drawn] = /^timeline\n(.*?)^phases$/ms.exec(stdout) ?? [];
  expect(`\n${drawn}`).toMatchInlineSnapshot(`
    "
                        0ms                 4s                   8s   9s
      phases            baseline            a-name-for-which-th… a-name-for-which-there-is-no-room.recovery
      open              ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▅█████████▆▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  █ 100/s
      closed            ▁▁▂▂▂▃▃▄▄▄▅▅▆▆▆▇▇█████████████████████████████  █ 8 agents
      once                                            █                 █ 10 walks
      latency open@far                      ▒███████████████████▒
      flap closed@far                            ▒▒▒▒▒▒▒▒▒▒▒
    "
  `);
});
