import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { asText, diagnosisOf, doctorSchema } from "../../src/commands/doctor/doctor.ts";
import { isAtLeast } from "../../src/commands/doctor/needs.ts";
import { askAll, type Found, type Probe } from "../../src/commands/doctor/probe.ts";
import { realWorld, type World } from "../../src/world.ts";
import { fakeWorld } from "../fake-world.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { squallIn } from "./squall.ts";

const worldWith = (env: World["env"]): World => ({ ...realWorld, env });

/** The doctor's word on each thing, on this machine but with these variables. */
async function doctor(env: World["env"]) {
  const { code, stdout } = await squallIn(worldWith(env), "doctor", "--json");
  const document = doctorSchema.parse(JSON.parse(stdout));
  expect(document.exitCode).toBe(code);
  const of = (name: string) => document.probes.find(({ probe }) => probe === name);
  return { code, document, of };
}

/** A folder with programs that say what they are told to. */
async function programs(folder: string, scripts: Readonly<Record<string, string>>): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

const probe = (over: Partial<Probe>): Probe => ({
  name: "thing",
  needed: false,
  costs: "something",
  mend: "do this",
  look: () => Promise.resolve({ state: "there", says: "here" }),
  ...over,
});

const found = (state: Found["state"]) => () => Promise.resolve<Found>({ state, says: "so" });

test("this machine can run Squall: a byte passes the engine, leases can be written", async () => {
  const { code, document, of } = await doctor({ ...process.env });
  expect(document.probes.filter(({ needed, state }) => needed && state !== "there")).toEqual([]);
  expect(of("engine")?.says).toMatch(/^embedded, .*; a byte went through it and back$/);
  expect(of("open files")?.says).toMatch(/limit|tell/);
  expect(code).toBe(0);
});

test("the document is a contract", async () => {
  const { document } = await doctor({});
  expect(Object.keys(document)).toEqual(["schema", "squall", "platform", "exitCode", "probes"]);
  expect(document.schema).toBe("squall.doctor/1");
  expect(document.probes.map((one) => one.probe)).toEqual([
    "node",
    "engine",
    "shell",
    "lease folder",
    "open files",
    "ports",
    "cores",
    "memory",
    "toxiproxy-server",
    "docker",
    "testcontainers",
    "toxiproxy image",
    "prlimit",
    "pg",
    "mysql2",
    "redis",
    "go",
    "chromium",
    "leftovers",
    "variables",
  ]);
  for (const { state, costs, mend } of document.probes) {
    const told = state === "there" ? "undefined" : "string";
    expect([typeof costs, typeof mend]).toEqual([told, told]);
  }
});

describe("programs", () => {
  test("that are there tell their version; missing ones tell what that costs, and are no failure", async () => {
    await using folder = await temporaryFolder();
    const bin = await programs(folder.path, {
      "toxiproxy-server": "echo toxiproxy-server version 2.12.0",
      docker: 'case "$1" in version) echo 27.1.0 27.1.1;; image) echo "sha256:0123456789abcdef $5";; esac',
      go: "echo go version go1.30",
      "google-chrome": "exit 1",
    });
    const there = await doctor({ PATH: bin });
    expect(there.of("toxiproxy-server")?.says).toContain("version 2.12.0");
    expect(there.of("docker")?.says).toBe("client 27.1.0, daemon 27.1.1");
    expect(there.of("testcontainers")).toMatchObject({
      state: "there",
      says: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
    expect(there.of("toxiproxy image")?.says).toBe("ghcr.io/shopify/toxiproxy:2.12.0 (sha256:0123456789ab)");
    expect(there.of("go")?.says).toBe("go version go1.30");
    expect(there.of("chromium")?.says).toBe(join(bin, "google-chrome"));

    // Empty is as good as unset.
    const gone = await doctor({ PATH: "/nowhere", SQUALL_TOXIPROXY: "" });
    expect(gone.of("toxiproxy-server")?.says).toBe("not on the PATH, and SQUALL_TOXIPROXY names none");
    for (const name of ["toxiproxy-server", "docker", "toxiproxy image", "go", "chromium"]) {
      expect(gone.of(name)).toMatchObject({
        needed: false,
        state: "missing",
        costs: expect.stringContaining("nothing for"),
      });
    }
    expect(gone.code).toBe(0);
  });

  test("a Docker client without its daemon is told as such; SQUALL_TOXIPROXY names a file of its own", async () => {
    await using folder = await temporaryFolder();
    const bin = await programs(folder.path, {
      docker: 'test "$1" = version && echo "27.1.0 "; echo "Cannot connect to the Docker daemon" >&2; exit 1',
      mine: "echo toxiproxy-server version git",
    });
    const { of } = await doctor({ PATH: bin, SQUALL_TOXIPROXY: join(bin, "mine"), SQUALL_TOXIPROXY_IMAGE: "mine:1" });
    expect(of("docker")?.says).toMatch(/the client is there .* daemon does not answer: Cannot connect/);
    expect(of("toxiproxy image")).toMatchObject({
      state: "missing",
      says: "mine:1: Cannot connect to the Docker daemon",
    });
    expect(of("toxiproxy-server")?.says).toContain(join(bin, "mine"));
  });

  test("one that hangs is given up, and ended", { timeout: 20_000 }, async () => {
    await using folder = await temporaryFolder();
    const bin = await programs(folder.path, { docker: "exec /bin/sleep 600", go: "exec /bin/sleep 600" });
    const { of } = await doctor({ PATH: bin });
    expect(of("docker")?.state).toBe("missing");
    expect(of("go")?.state).toBe("missing");
    expect(of("engine")?.state).toBe("there");
  });
});

test("variables with no meaning are named, without their values", async () => {
  const { of, document } = await doctor({ SQUALL_TOXIPROXI: "s3cret", SQUALL_ROUNDS: "full" });
  expect(of("variables")).toMatchObject({ state: "limited" });
  expect(of("variables")?.says).toContain("SQUALL_TOXIPROXI (means nothing to Squall)");
  expect(JSON.stringify(document)).not.toContain("s3cret");
});

describe("probes", () => {
  test("are asked together, and each is given up after its time", async () => {
    const world = fakeWorld();
    const never = new Promise<Found>(() => {});
    const asking = askAll(
      [
        probe({ name: "hangs", needed: true, look: () => never }),
        probe({ name: "slow", withinMs: 5000, look: () => world.sleep(4000).then(found("there")) }),
        probe({ name: "throws", look: () => Promise.reject(new Error("no way")) }),
        probe({
          name: "throws at once",
          look: () => {
            throw new Error("not even that");
          },
        }),
        probe({ name: "quick" }),
      ],
      world,
    );
    await world.advance(4000);
    expect((await asking).map(({ state, says }) => `${state}: ${says}`)).toEqual([
      "missing: no answer within 2 s",
      "there: so",
      "missing: no way",
      "missing: not even that",
      "there: here",
    ]);
  });

  test("something needed that is missing exits 64; what is limited or optional does not", async () => {
    const exitOf = async (over: Partial<Probe>) => diagnosisOf(await askAll([probe(over)], realWorld)).exitCode;
    expect(await exitOf({ needed: true, look: found("missing") })).toBe(64);
    expect(await exitOf({ needed: true, look: found("limited") })).toBe(0);
    expect(await exitOf({ needed: false, look: found("missing") })).toBe(0);
  });

  test("as text: what is missing, what that costs, how to mend it", async () => {
    const probes = [
      probe({ name: "first", needed: true }),
      probe({ name: "second", needed: true, look: found("missing") }),
      probe({ name: "third", look: found("limited") }),
      probe({
        name: "a fourth",
        look: () => Promise.resolve({ state: "missing", says: "\u001B[2J", mend: "do that" }),
      }),
    ];
    const diagnosis = { ...diagnosisOf(await askAll(probes, realWorld)), squall: "1.2.3", platform: "here" };
    expect(asText(diagnosis)).toMatchInlineSnapshot(`
      "squall 1.2.3 on here

      ✓ first     here
      ✗ second    so
                    costs: something
                    mend:  do this
      ! third     so
                    costs: something
                    mend:  do this
      – a fourth  �[2J
                    costs: something
                    mend:  do that

      Squall cannot run here: second is missing.
      "
    `);
    expect(asText({ ...diagnosis, probes: diagnosis.probes.slice(0, 1) })).toMatch(/\nEverything needed is there\.\n$/);
  });
});

test("versions are compared by their numbers", () => {
  expect(["22.9.0", "22.18.9", "20.20.0"].map((version) => isAtLeast(version, "22.19"))).toEqual([false, false, false]);
  expect(["22.19.0", "22.20.1", "24.0.0"].map((version) => isAtLeast(version, "22.19"))).toEqual([true, true, true]);
});
