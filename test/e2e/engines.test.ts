/** Whichever Toxiproxy makes the faults, the verdict is the same, and nothing of it outlives the run. */
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { askDaemon } from "../../src/engines/container-removal.ts";
import { leaseBase } from "../../src/engines/lease-files.ts";
import type { Owner } from "../../src/engines/lease.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import type { EventOf } from "../../src/history/events.ts";
import { readHistory } from "../../src/history/segments.ts";
import { verdictsDocument, type Verdicts } from "../../src/reporters/verdicts.ts";
import { realWorld, seededRandom } from "../../src/world.ts";
import { containersOf, daemon, dockerLacks } from "../engines/docker-under-test.ts";
import { binary as real } from "../engines/engines-under-test.ts";
import { closedAddress } from "../closed-address.ts";
import { brief, canSeeProcesses, eachOf, hardened, nothingIsLeft, onlyRun, rounds, squall } from "./squall.ts";
import { alive, started, startSquall, temporaryFolder, verdictsFrom, type Running } from "./squall.ts";

type Signal = "KILL" | "STOP";

interface EngineInUse {
  /** As --engine takes it. */
  readonly engine: "binary" | "docker";
  /** Why it cannot be tried here. */
  readonly absent: string | undefined;
  /** Sends a signal to the server that a run in this folder has started. */
  readonly signal: (signal: Signal, running: Running, folder: string) => Promise<void>;
  /** What a run says of a server that was killed. */
  readonly killed: string;
}

const engines: readonly EngineInUse[] = [
  {
    engine: "binary",
    absent: process.env["SQUALL_TOXIPROXY"] === undefined ? "SQUALL_TOXIPROXY names none" : undefined,
    signal: async (signal, { mark }) => {
      const server = (await alive(mark)).find((line) => line.includes("-host 127.0.0.1 -port")) ?? "";
      process.kill(Number.parseInt(server, 10), `SIG${signal}`);
    },
    killed: "it ended with signal SIGKILL",
  },
  {
    engine: "docker",
    absent: dockerLacks,
    signal: async (signal, _, folder) => {
      const [name] = await containersIn(folder);
      const path = `/containers/${name}/kill?signal=${signal}`;
      const { status, text } = await askDaemon(daemon, { method: "POST", path, signal: AbortSignal.timeout(5000) });
      expect(status, text).toBe(204);
    },
    killed: "it ended with code 137",
  },
];

type Scenario = keyof typeof brief;
const scenarios = rounds<readonly Scenario[]>(Object.keys(brief) as Scenario[], ["silent-empty", "duplicate-effects"]);
const servers = rounds<readonly (readonly string[])[]>([[], hardened], [[]]);
const cases = scenarios.flatMap((scenario) =>
  servers.map((sets) => ({ scenario, server: sets === hardened ? "the hardened" : "its naive", sets })),
);

for (const { engine, absent, signal, killed } of engines) {
  const onEngine = ["--engine", engine];

  describe.skipIf(absent !== undefined)(`--engine ${engine}${absent === undefined ? "" : ` (${absent})`}`, () => {
    test.each(cases)(
      "is told from the embedded one by its name alone: $scenario on $server server",
      async ({ scenario, sets }) => {
        await using folder = await temporaryFolder();
        const args = [scenario, ...brief[scenario], ...sets];
        const usual = await usualFor(args);
        const asked = await verdictsFrom([...args, ...onEngine], folder.path);
        expect(usual.engine?.kind).toBe("embedded");
        expect(asked.engine?.kind).toBe(engine);
        expect(told(asked), JSON.stringify(asked)).toEqual(told(usual));
        expect(told(asked)).toMatchObject(sets === hardened ? { exitCode: 0, gaps: [] } : { exitCode: 1 });
        expect(await containersIn(folder.path)).toEqual([]);
      },
    );

    describe.runIf(canSeeProcesses)("leaves nothing behind", () => {
      test("kill -9 of its runner at any moment", { timeout: 900_000 }, async () => {
        const random = seededRandom(42, "kill", engine);
        const moments = Array.from({ length: rounds(5, 2, 20) }, () => random.integer(0, 7000));
        await eachOf(moments, 2, async (afterMs) => {
          await using folder = await temporaryFolder();
          const running = startIn(folder.path, ["silent-empty", ...brief["silent-empty"], ...onEngine]);
          await sleep(afterMs);
          running.child.kill("SIGKILL");
          await running.ended;
          await nothingIsLeft(running, () => leftIn(folder.path));
        });
      });
    });

    // One that hangs is known by a call that is not answered in time.
    const troubles = [
      { trouble: "dies", sends: "KILL", recovery: "3s", because: killed },
      { trouble: "hangs", sends: "STOP", recovery: "10s", because: "no answer within 5s" },
    ] as const;
    describe.runIf(canSeeProcesses)("a server of it", () => {
      test.each(troubles)(
        "that $trouble in the middle of a fault comes back with all it had, and nothing is believed that it may have spoilt",
        async ({ sends, recovery, because }) => {
          await using folder = await temporaryFolder();
          const phases = `phases=[{baseline: 1500ms}, {fault: 3s, recovery: ${recovery}, name: outage}]`;
          const sets = ["--set", phases, "--set", "faults[0].for=2s", ...hardened];
          const running = startIn(folder.path, ["silent-empty", ...sets, ...onEngine, "--json"]);
          await started(running, "outage (");
          await sleep(1000);
          await signal(sends, running, folder.path);
          const { code, stdout, stderr } = await running.ended;
          expect(code, stdout + stderr).toBe(2);
          expect(JSON.parse(stdout)).toMatchObject({
            verdict: "unknown",
            gaps: [{ gap: "engine-restarted", says: expect.stringContaining(because) }],
          });
          const { links, answered } = await afterRestart(folder.path);
          expect(answered).toEqual(new Set(links));
          await nothingIsLeft(running, () => leftIn(folder.path));
        },
      );
    });
  });
}

function startIn(folder: string, args: readonly string[]): Running {
  // Leases of its own, so that none of them can be another run's.
  return startSquall(["run", ...args], { cwd: folder, env: { TMPDIR: folder } });
}

/** What the embedded engine shows, asked once for all that are compared with it. */
const usual = new Map<string, Promise<Verdicts>>();

function usualFor(args: readonly string[]): Promise<Verdicts> {
  const play = async (): Promise<Verdicts> => {
    await using folder = await temporaryFolder();
    return await verdictsFrom(args, folder.path);
  };
  const played = usual.get(args.join(" ")) ?? play();
  usual.set(args.join(" "), played);
  return played;
}

function told({ verdict, exitCode, checks, gaps, notCovered }: Verdicts) {
  return {
    verdict,
    exitCode,
    checks: checks.map(({ check, verdict, findings }) => ({
      check,
      verdict,
      // Milder ones hang on which calls were under way when a fault began.
      violators: [...new Set(findings.flatMap(({ grade, blames }) => (grade === "violation" ? [blames] : [])))],
    })),
    gaps,
    notCovered,
  };
}

async function containersIn(folder: string): Promise<readonly string[]> {
  if (dockerLacks !== undefined) return [];
  const runs = await readdir(join(folder, "reports")).catch(() => []);
  return (await Promise.all(runs.map((run) => containersOf(run.slice(-8))))).flat();
}

/** Containers, and the leases under which all else was started. */
async function leftIn(folder: string): Promise<readonly string[]> {
  return [...(await leasesIn(folder)), ...(await containersIn(folder))];
}

/** Where a run finds its leases whose TMPDIR is this folder. */
const leaseBaseIn = (folder: string): string => join(folder, relative(tmpdir(), leaseBase()));

const leasesIn = (folder: string): Promise<readonly string[]> => readdir(leaseBaseIn(folder)).catch(() => []);

/** The links of the engine that was started anew, and those over which an answer came after that. */
async function afterRestart(folder: string): Promise<{ links: readonly string[]; answered: ReadonlySet<string> }> {
  let restarted: EventOf<"engine-restarted"> | undefined;
  const answered = new Set<string>();
  for await (const event of readHistory(join(await onlyRun(folder), "history"))) {
    if (event.type === "engine-restarted") restarted = event;
    if (restarted === undefined || event.type !== "exchange" || event.ended !== "answered") continue;
    if (event.startedUs > restarted.untilUs) answered.add(event.link);
  }
  return { links: restarted?.links ?? [], answered };
}

describe("--engine that cannot be had is said in one line", () => {
  test.each([
    [
      "binary",
      "a file that is none",
      { SQUALL_TOXIPROXY: "/nowhere/at-all" },
      64,
      "SQUALL_TOXIPROXY names /nowhere/at-all",
    ],
    [
      "binary",
      "no file at all",
      { SQUALL_TOXIPROXY: "", PATH: "/nowhere" },
      64,
      "--engine binary needs a toxiproxy-server",
    ],
    [
      "docker",
      "no daemon",
      { DOCKER_HOST: "unix:///nowhere/docker.sock" },
      75,
      "no Docker daemon answers at unix:///nowhere",
    ],
  ] as const)("%s with %s", async (engine, _, env, code, says) => {
    await using folder = await temporaryFolder();
    const ended = await squall(["run", "silent-empty", "--quiet", "--engine", engine], { cwd: folder.path, env });
    expect(ended, ended.stderr).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(`squall: ${says}`);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a URL where nobody answers", async () => {
    await using folder = await temporaryFolder();
    const { port } = await closedAddress();
    const args = ["run", "silent-empty", "--quiet", "--engine", `http://127.0.0.1:${port}`];
    const { code, stderr } = await squall(args, { cwd: folder.path });
    expect(code, stderr).toBe(75);
    expect(stderr).toMatch(/ECONNREFUSED.*: start a Toxiproxy there, or use --engine embedded\n$/);
  });
});

describe.skipIf(real.absent || !canSeeProcesses)(`${real.name} that runs already, and is dirty`, () => {
  test("starts clean: what a dead run has left goes, what is others' stays, and the verdict is as ever", async () => {
    await using folder = await temporaryFolder();
    const toxiproxy = await real.start();
    try {
      const api = openToxiproxy({ url: toxiproxy.url, world: realWorld });
      // By the names of our links, and with a fault on it.
      const theirs = ["agents->cloud", "cloud->cloud-api"];
      for (const name of theirs) {
        const proxy = await api.openProxy(name, { host: "127.0.0.1", port: 9 });
        await proxy.addToxic({ type: "timeout", stream: "downstream", attributes: { timeout: 0 } });
      }
      const names = async () => (await api.listProxies()).map(({ name }) => name).toSorted();
      const args = ["silent-empty", ...brief["silent-empty"], "--engine", toxiproxy.url];

      const dead = startIn(folder.path, args);
      await started(dead, "outage (");
      process.kill((await ownerIn(folder.path)).reaper.pid, "SIGKILL");
      dead.child.kill("SIGKILL");
      await dead.ended;
      expect(await names()).toHaveLength(2 * theirs.length);

      const next = startIn(folder.path, [...args, "--json"]);
      const { stdout } = await next.ended;
      const verdicts = verdictsDocument.parse(JSON.parse(stdout));
      expect(verdicts.engine).toMatchObject({ kind: "remote" });
      expect(told(verdicts), stdout).toEqual(told(await usualFor(["silent-empty", ...brief["silent-empty"]])));
      expect(await names()).toEqual(theirs);
      await nothingIsLeft(dead, () => leftIn(folder.path));
    } finally {
      await toxiproxy.stop();
    }
  });

  test("that ends in the middle of a run leaves its verdict open, and is no defect of Squall", async () => {
    await using folder = await temporaryFolder();
    const toxiproxy = await real.start();
    // The baseline must not be over before the loss is noticed, or it is blamed for not holding.
    const phases = ["--set", "phases=[{baseline: 20s}, {fault: 2s, recovery: 2s, name: outage}]"];
    const args = ["silent-empty", ...brief["silent-empty"], ...phases, "--engine", toxiproxy.url, "--json"];
    const running = startIn(folder.path, args);
    await started(running, "baseline (");
    await sleep(500);
    await toxiproxy.stop();
    const { code, stdout, stderr } = await running.ended;
    expect(code, stdout + stderr).toBe(2);
    const lost =
      /^the engine http:.* is lost: .*(?:ECONNREFUSED|socket hang up).*; Squall did not start it, so it does not start it again$/;
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "unknown",
      gaps: expect.arrayContaining([{ gap: "run-stopped", says: expect.stringMatching(lost) as string }]) as unknown,
    });
    await nothingIsLeft(running, () => leftIn(folder.path));
  });
});

async function ownerIn(folder: string): Promise<Owner> {
  const [lease = "none"] = await leasesIn(folder);
  return JSON.parse(await readFile(join(leaseBaseIn(folder), lease, "owner.json"), "utf8")) as Owner;
}
