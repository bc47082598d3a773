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
    {
      kind: "latency",
      link: "once@far",
      delay: "10ms",
      ramp: { delay: { to: "40ms", by: "10ms", every: "1s" }, jitter: { to: "5ms", by: "5ms", every: "2s" } },
    },
    {
      kind: "egress-block",
      link: ["open@far", "closed@far"],
      when: { calls: 3, of: "open@far.Echo" },
      within: "2s",
      every: { on: "200ms", off: "100ms" },
      for: "500ms",
    },
  ],
};

test("what stands before a server or behind it is told, and a long name keeps its end", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "before-and-behind.yaml");
  const behind = {
    name: "before-and-behind",
    upstreams: { api: { fixture: "cloud-api" } },
    servers: {
      notebook: { fixture: "notebook", replicas: 3, balance: "sticky" },
      cloud: { fixture: "cloud", env: { CLOUD_API_URL: "http://a.test" }, egress: { hosts: { "a.test:80": "api" } } },
    },
    agents: { one: { chain: [{ call: "notebook.ListNotes" }, { call: "cloud.FetchResources" }] } },
    phases: [{ baseline: "4s" }, { fault: "4s", recovery: "1s" }],
    faults: [{ kind: "egress-block", link: "notebook->notebook.2" }],
  };
  await writeFile(file, JSON.stringify(behind));
  const { stdout } = await squall("run", file, "--dry-run");
  expect(stdout).toContain(`servers
  notebook: 3 replicas behind a balancer, sticky
  cloud: asks for a.test:80 over cloud->api, through its egress gateway
agents`);
  expect(stdout).toContain("egress-block no…ok->notebook.2 ");
});

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
      phases                   baseline            a-name-for-which-th… a-name-for-which-there-is-no-room.recovery
      open                     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▅█████████▆▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  █ 100/s
      closed                   ▁▁▂▂▂▃▃▄▄▄▅▅▆▆▆▇▇█████████████████████████████  █ 8 agents
      once                                                   █                 █ 10 walks
      latency open@far                             ▒███████████████████▒
      flap closed@far                                   ▒▒▒▒▒▒▒▒▒▒▒
      latency once@far                             ▁▁▁▁▁▃▃▃▃▃▅▅▅▅▅██████
      egress-block open@far                        ??????????? when open@far.Echo has had 3 calls
      egress-block closed@far                      ??????????? when open@far.Echo has had 3 calls
    "
  `);
});

test("what grows and what waits is told in words", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "drawn.yaml");
  await writeFile(file, JSON.stringify(scenario));
  const { stdout } = await squall("run", file, "--dry-run");
  const [, told] = /^faults\n(.*?)^checks$/ms.exec(stdout) ?? [];
  expect(`\n${told}`).toMatchInlineSnapshot(`
    "
      latency on open@far (a-name-for-which-there-is-no-room.0)  delay: 1s
             4s – 8s
      flap on closed@far (a-name-for-which-there-is-no-room.1)  down: 100ms, up: 100ms
             5s – 5.1s
           5.2s – 5.3s
           5.4s – 5.5s
           5.6s – 5.7s
           5.8s – 5.9s
             6s – 6.1s
           6.2s – 6.3s
           6.4s – 6.5s
        … 2 more
      latency on once@far (a-name-for-which-there-is-no-room.2)  delay: 10ms
             4s – 8s
        delay goes from 10ms to 40ms in 3 steps, 1s apart
        jitter goes from its default to 5ms in 1 step, 2s apart
      egress-block on open@far (a-name-for-which-there-is-no-room.3@open@far)
        when open@far.Echo has had 3 calls, from then on:
            0ms – 200ms
          300ms – 500ms
        waits 4s – 6s, and is never injected where that does not come
      egress-block on closed@far (a-name-for-which-there-is-no-room.3@closed@far)
        when open@far.Echo has had 3 calls, from then on:
            0ms – 200ms
          300ms – 500ms
        waits 4s – 6s, and is never injected where that does not come
    "
  `);
});
