/** Histories of servers behind an egress gateway: what went through it, and what must not count as covered. */
import { describe, expect, test } from "vitest";
import { destinationsMax } from "../../src/checks/egress.ts";
import { silentEmpty } from "../../src/checks/silent-empty.ts";
import type { Declared } from "../../src/history/declared.ts";
import { page } from "../../src/reporters/html/page.ts";
import { terminal } from "../../src/reporters/terminal.ts";
import { verdictsOf } from "../../src/reporters/verdicts.ts";
import { declared, exchange, frame, historyOf, judged, op, runStarted, type Timed } from "../literal-history.ts";
import { anyFigures } from "../verdicts-of.ts";

const [cloud] = declared.servers;
if (cloud === undefined) throw new Error("the literal history has a server");
const links: Declared["links"] = declared.links;
const behind = (over: Partial<Declared> = {}): Timed =>
  runStarted("faults", {
    servers: [{ ...cloud, egress: [{ link: "cloud->cloud-api", hosts: ["api.cloud.test:80"] }] }],
    ...over,
  });
const full = { resources: [{ id: "r-1" }] };
const asking: Timed[] = Array.from({ length: 10 }, (_, walk) => [
  ...op({ atMs: 50 + walk * 50, walk, step: 0, answer: full }),
  exchange(walk, 52 + walk * 50),
]).flat();
const calls: Timed[] = Array.from({ length: 10 }, (_, walk) =>
  op({ atMs: 50 + walk * 50, walk, step: 0, answer: full }),
).flat();
const loud = op({ atMs: 1500, walk: 99, step: 0, attempts: ["tool-error"] });
/** Nothing of the frame that went over the link. */
const bypassed = frame({ observed: false }).filter(
  ([, event]) => event.type !== "connection" || event.link !== "cloud->cloud-api",
);
const unexpected = (atMs: number, destination: string, passed = false): Timed => [
  atMs,
  { type: "egress", server: "cloud", destination, passed },
];

const judge = (...parts: readonly (Timed | readonly Timed[])[]): ReturnType<typeof judged> =>
  judged(historyOf(...parts), [silentEmpty]);

describe("a server behind a gateway", () => {
  test("that uses it is judged as ever", async () => {
    const result = await judge(behind(), frame(), asking, loud);
    expect(result).toMatchObject({ verdict: "pass", notCovered: [] });
    expect(result.account.egress).toEqual({ notCovered: [], gaps: [], unexpected: [], unexpectedMore: 0 });
  });

  test("that never uses it is not covered, and passes nothing", async () => {
    const result = await judge(behind(), bypassed, calls, op({ atMs: 1100, walk: 20, step: 0, answer: full }));
    expect(result.verdict).toBe("unknown");
    expect(result.notCovered).toMatchObject([
      {
        check: "the egress of cloud",
        because: expect.stringMatching(/^cloud never used its gateway in 11 calls.+ Node does from/),
      },
    ]);
    expect(result.account.gaps.map(({ gap, says }) => `${gap}: ${says}`)).toEqual([
      "fault-not-observed: egress-block on cloud->cloud-api (outage.0) was injected but nothing at the tap shows it",
      "egress-not-seen: nothing that cloud sent out came by its egress gateway",
    ]);
    expect(result.checks).toMatchObject([{ check: "silent-empty", verdict: "unknown" }]);
  });

  test("that was never called is not blamed for it", async () => {
    const { notCovered } = await judge(behind(), bypassed);
    expect(notCovered).toMatchObject([{ because: "no tool of cloud was called, and nothing reached its gateway" }]);
  });

  test("that uses it for one host and not for another: that link is not covered", async () => {
    const two = behind({
      links: [...links, { link: "cloud->maps", plane: "server-upstream", server: "cloud", protocol: "http" }],
      servers: [
        {
          ...cloud,
          egress: [
            { link: "cloud->cloud-api", hosts: ["api.cloud.test:80"] },
            { link: "cloud->maps", hosts: ["a.maps.test:80", "b.maps.test:80"] },
          ],
        },
      ],
    });
    const result = await judge(two, frame(), asking, loud);
    expect(result).toMatchObject({
      verdict: "unknown",
      notCovered: [
        {
          check: "the link cloud->maps",
          because: "cloud used its gateway, but never for a.maps.test:80 or b.maps.test:80",
        },
      ],
      account: { gaps: [{ gap: "egress-not-seen", says: "nothing ever connected over cloud->maps" }] },
    });
  });

  test("whose TLS was mapped as if it could be read is told so", async () => {
    const opaque: Timed = [
      900,
      {
        type: "connection",
        link: "cloud->cloud-api",
        connection: 1,
        edge: "closed",
        by: "caller",
        how: "fin",
        bytesUp: 5,
      },
    ];
    const result = await judge(behind(), frame(), calls, opaque, loud);
    expect(result.verdict).toBe("unknown");
    expect(result.notCovered).toMatchObject([
      { check: "the requests on cloud->cloud-api", because: expect.stringContaining("protocol: tcp") },
    ]);
  });
});

describe("a tool that passes its server's gateway by while others use it", () => {
  const past = Array.from({ length: 10 }, (_, walk) => op({ atMs: 55 + walk * 50, walk, step: 1 })).flat();
  const quiet = op({ atMs: 1200, walk: 40, step: 1 });

  test("has not met the fault, however well it answers", async () => {
    const alone = await judge(behind(), frame(), asking, past, quiet);
    expect(alone.checks).toMatchObject([
      { verdict: "unknown", looked: 0, because: "no answered call met a fault behind its server" },
    ]);
    const beside = await judge(behind(), frame(), asking, past, quiet, loud);
    expect(beside.checks).toMatchObject([{ verdict: "pass", looked: 1 }]);
  });

  test("is not blamed for the fault either: what it leaves out is a weakness", async () => {
    const hollow = op({ atMs: 1200, walk: 40, step: 1, answer: {} });
    const { checks } = await judge(behind(), frame(), asking, past, hollow, loud);
    expect(checks).toMatchObject([{ verdict: "pass", findings: [{ grade: "weakness" }] }]);
  });

  test("may have met it where nothing can be read, as on TLS", async () => {
    const tls = behind({
      links: links.map((link) => (link.protocol === "http" ? { ...link, protocol: "tcp" } : link)),
    });
    expect((await judge(tls, frame(), calls, loud)).checks).toMatchObject([{ verdict: "pass", looked: 1 }]);
  });
});

describe("unexpected destinations", () => {
  const seen = [
    unexpected(60, "telemetry.example.com:443"),
    unexpected(70, "telemetry.example.com:443"),
    unexpected(80, "127.0.0.1:9999", true),
  ];

  test("are counted, listed in every report, and fail nothing", async () => {
    const result = await judge(behind(), frame(), asking, loud, seen);
    expect(result.verdict).toBe("pass");
    const verdicts = verdictsOf(result);
    expect(verdicts.egress).toEqual({
      unexpected: [
        { server: "cloud", destination: "telemetry.example.com:443", passed: false, requests: 2 },
        { server: "cloud", destination: "127.0.0.1:9999", passed: true, requests: 1 },
      ],
      unexpectedMore: 0,
    });
    const told = terminal.render({ verdicts, figures: anyFigures, directory: "d" }, { colour: false });
    expect(told).toContain(
      "Unexpected destinations:\n" +
        "  - cloud asked for telemetry.example.com:443 2 times, and was refused\n" +
        "  - cloud asked for 127.0.0.1:9999 once, and was let through\n",
    );
    const html = page({ verdicts, figures: anyFigures, directory: "d" });
    expect(html).toMatch(/Unexpected destinations[^]+telemetry\.example\.com:443 2 times, and was refused/);
  });

  test("show that the gateway is used, though not for what is mapped", async () => {
    const { notCovered } = await judge(behind(), bypassed, calls, seen);
    expect(notCovered).toMatchObject([{ check: "the link cloud->cloud-api" }]);
  });

  test("of a server that asks for ever new ones take no more room than so many", async () => {
    const many = Array.from({ length: destinationsMax + 5 }, (_, n) => unexpected(60, `host-${n}.test:443`));
    const { account } = await judge(behind(), frame(), asking, loud, many);
    expect(account.egress?.unexpected).toHaveLength(destinationsMax);
    expect(account.egress?.unexpectedMore).toBe(5);
  });
});
