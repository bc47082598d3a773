import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { groupLives, membersOf, signalGroup } from "../../src/processes.ts";
import { realWorld } from "../../src/world.ts";
import { honest, openStand, type Stand } from "./stand.ts";
import { until } from "../waiting.ts";

async function refusalOf(starting: Promise<unknown>): Promise<string> {
  const error = await starting.then(
    () => new Error("it started"),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ exitCode: 75 });
  return (error as UserError).message;
}

/** Nothing of a target that did not start is left, and nothing of it was recorded. */
async function expectNothingLeft(stand: Stand): Promise<void> {
  expect(await stand.leased()).toEqual([]);
  expect(stand.events).toEqual([]);
}

describe("a target that starts", () => {
  test.concurrent("is ready at the address of its first ready line, whatever it says before", async () => {
    await using stand = await openStand();
    const noise = 'console.log("\\u0000garbage\\n{}\\n{\\"ready\\":{\\"url\\":\\"ftp://x\\"}}\\n[1");';
    const target = await stand.start({ command: await stand.script(noise + honest), env: { GREETING: "hail" } });
    expect(await (await fetch(target.url)).text()).toBe("hail");
    expect(await stand.leased()).toEqual([target.pid]);
    expect(stand.events).toEqual([
      { type: "target", target: "cloud", role: "server", edge: "ready", address: target.url.href, pid: target.pid },
    ]);
    await target.stop();
    expect(await target.exited).toEqual({ code: null, signal: "SIGTERM" });
    expect(stand.events.slice(1)).toEqual([
      { type: "target", target: "cloud", role: "server", edge: "stopped", signal: "SIGTERM" },
    ]);
    expect(await stand.leased()).toEqual([]);
  });

  test.concurrent("gets a free port of ours in its command, its environment and its url", async () => {
    await using stand = await openStand();
    const command = [...(await stand.script(honest)), "--port=${port}"] as const;
    const url = "http://127.0.0.1:${port}/mcp?token=secret";
    const [one, two] = await Promise.all(
      [1, 2].map(() => stand.start({ command, env: { PORT: "${port}" }, ready: { by: "url", url } })),
    );
    expect(one?.url.port).not.toBe(two?.url.port);
    expect(await (await fetch(one?.url ?? "")).text()).toBe("hello");
    expect(JSON.stringify(stand.events)).not.toContain("secret");
    await Promise.all([one?.stop(), two?.stop()]);
  });

  test.concurrent("is tried once more on another port when the first was taken meanwhile", async () => {
    await using stand = await openStand();
    const marker = join(stand.folder, "tried");
    const text = `
      import { existsSync, writeFileSync } from "node:fs";
      if (!existsSync(${JSON.stringify(marker)})) {
        writeFileSync(${JSON.stringify(marker)}, process.env.PORT);
        throw new Error("listen EADDRINUSE: address already in use");
      }
    `;
    const options = { env: { PORT: "${port}" }, ready: { by: "url", url: "http://127.0.0.1:${port}/" } } as const;
    const target = await stand.start({ ...options, command: await stand.script(text + honest) });
    expect(target.url.port).not.toBe(readFileSync(marker, "utf8"));
    await target.stop();
    const always = await stand.script('throw new Error("listen EADDRINUSE: address already in use")');
    expect(await refusalOf(stand.start({ ...options, command: always }))).toContain("EADDRINUSE");
  });

  test.concurrent("runs in its own folder, and the run's environment reaches it", async () => {
    await using stand = await openStand();
    const said = "console.error(process.cwd(), process.env.OUR_OWN, process.env.SQUALL_LEASE);";
    const target = await stand.start({
      command: await stand.script(said + honest),
      cwd: stand.folder,
      world: { ...realWorld, env: { ...realWorld.env, OUR_OWN: "from us" } },
    });
    await until(() => target.stderrTail().includes("\n"));
    expect(target.stderrTail()).toBe(`${stand.folder} from us ${stand.lease}\n`);
    await target.stop();
  });
});

describe("what a target writes", () => {
  test.concurrent("never blocks it, is kept at its end, and goes to the log up to a limit", async () => {
    await using stand = await openStand();
    const flood = `
      const line = "x".repeat(1023) + "\\n";
      for (let n = 0; n < 11 * 1024; n += 1) process.stderr.write(line);
      process.stderr.write("the end\\n");
    `;
    const logFile = join(stand.folder, "targets", "cloud.log");
    const target = await stand.start({ command: await stand.script(flood + honest), logFile });
    await until(() => target.stderrTail().endsWith("the end\n"));
    expect(target.stderrTail()).toHaveLength(64 * 1024);
    await target.stop();
    // It is written while other things go on.
    await until(() => readFileSync(logFile, "utf8").endsWith("\n[this log ends here: it has reached 10 MiB]\n"));
    expect(readFileSync(logFile).length).toBeLessThan(10 * 1024 * 1024 + 100);
  });

  test.concurrent("is in the log from both streams, and a log that cannot be written costs nothing else", async () => {
    await using stand = await openStand();
    const command = await stand.script(`console.log("on stdout"); console.error("on stderr"); ${honest}`);
    const logFile = join(stand.folder, "targets", "cloud.log");
    await (await stand.start({ command, logFile })).stop();
    await until(() => readFileSync(logFile, "utf8").includes("ready"));
    expect(readFileSync(logFile, "utf8")).toMatch(/on stdout\n/);
    expect(readFileSync(logFile, "utf8")).toMatch(/on stderr\n/);
    writeFileSync(join(stand.folder, "file"), "");
    await (await stand.start({ command, logFile: join(stand.folder, "file", "cloud.log") })).stop();
  });
});

describe("a target that does not start", () => {
  test.concurrent("because it exits: its command, its exit code and its last words are told", async () => {
    await using stand = await openStand();
    const command = await stand.script('console.error("\\u001b[31mno such table: users\\u001b[0m"); process.exit(3);');
    const says = await refusalOf(stand.start({ command: [...command, "two words"] }));
    expect(says.split("\n")).toEqual([
      'server "cloud" did not start: it ended with exit code 3 before its ready line came',
      `  command: ${command.join(" ")} "two words"`,
      "  its last lines on stderr:",
      "    | no such table: users",
    ]);
    await expectNothingLeft(stand);
  });

  test.concurrent("because a signal ended it, having written on stdout only", async () => {
    await using stand = await openStand();
    const command = await stand.script('console.log("out of luck"); process.kill(process.pid, "SIGABRT");');
    const ready = { by: "url", url: "http://127.0.0.1:${port}/mcp?key=secret" } as const;
    const says = await refusalOf(stand.start({ command, ready }));
    expect(says).toMatch(/ended with signal SIGABRT before an answer at http:\/\/127.0.0.1:\d+\/mcp came/);
    expect(says).toContain("last lines on stdout:\n    | out of luck");
    expect(says).not.toContain("secret");
    await expectNothingLeft(stand);
  });

  test.concurrent("because there is no such command, or no such folder", async () => {
    await using stand = await openStand();
    const says = await refusalOf(stand.start({ command: ["no-such-command-here", "x"] }));
    expect(says).toContain("exit code 127 (command not found)");
    expect(says).toContain("command: no-such-command-here x");
    const nowhere = await refusalOf(stand.start({ command: ["true"], cwd: join(stand.folder, "nowhere") }));
    expect(nowhere).toContain(`no such directory: ${stand.folder}/nowhere`);
    const plain = join(stand.folder, "plain");
    writeFileSync(plain, "not a program");
    expect(await refusalOf(stand.start({ command: [plain] }))).toContain("exit code 126 (not executable)");
    await expectNothingLeft(stand);
  });

  test.concurrent("because it never says that it is ready: the whole group is gone when that is told", async () => {
    await using stand = await openStand();
    const command = ["sh", "-c", "sleep 60 & echo garbage; echo $$ > $0; wait", join(stand.folder, "pid")] as const;
    const says = await refusalOf(stand.start({ command, startTimeoutMs: 400 }));
    expect(says).toContain('no line {"ready":{"url":…}} on its stdout within 400ms');
    expect(says).toContain("garbage");
    expect(groupLives(Number(readFileSync(join(stand.folder, "pid"), "utf8")))).toBe(false);
    await expectNothingLeft(stand);
  });

  test.concurrent("because its address never answers: the address and the system's word for it are told", async () => {
    await using stand = await openStand();
    const ready = { by: "url", url: "http://127.0.0.1:${port}/mcp" } as const;
    const silent = await refusalOf(stand.start({ command: ["sleep", "60"], ready, startTimeoutMs: 300 }));
    expect(silent).toMatch(/no HTTP answer at http:\/\/127.0.0.1:\d+\/mcp within 300ms \(ECONNREFUSED\)/);
    expect(silent).toContain("it wrote nothing");
    const mute = await stand.script(
      'import { createServer } from "node:net"; createServer(() => {}).listen(process.argv[2], "127.0.0.1");',
    );
    const command = [...mute, "${port}"] as const;
    const accepted = await refusalOf(stand.start({ command, ready, startTimeoutMs: 800 }));
    expect(accepted).toMatch(/within 800ms \(connected, but no answer\)/);
    await expectNothingLeft(stand);
  });

  test.concurrent("because something else answers at its address already", async () => {
    await using stand = await openStand();
    const server = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    const marker = join(stand.folder, "started");
    const says = await refusalOf(stand.start({ command: ["touch", marker], ready: { by: "url", url } }));
    expect(says).toContain(`something else answers at ${url} already`);
    expect(existsSync(marker)).toBe(false);
    server.close();
  });

  test.concurrent("because the run's lease is gone: nothing of it ever runs", async () => {
    await using stand = await openStand();
    const marker = join(stand.folder, "started");
    const lease = join(stand.folder, "no-lease");
    const says = await refusalOf(stand.start({ command: ["touch", marker], lease }));
    expect(says).toContain("the run's lease is gone");
    expect(existsSync(marker)).toBe(false);
  });

  test.concurrent("because the run was stopped: the signal's reason is thrown when the group is gone", async () => {
    await using stand = await openStand();
    const stopping = new AbortController();
    const starting = stand.start({ command: ["sleep", "60"], signal: stopping.signal });
    setTimeout(() => stopping.abort(new Error("Ctrl-C")), 200);
    await expect(starting).rejects.toThrow("Ctrl-C");
    await expectNothingLeft(stand);
    await expect(stand.start({ command: ["sleep", "60"], signal: stopping.signal })).rejects.toThrow("Ctrl-C");
  });
});

describe("the end of a target", () => {
  test.concurrent("that ends by itself is recorded with its code and its last words, and stopping it adds nothing", async () => {
    await using stand = await openStand();
    const dying = honest + 'setTimeout(() => { console.error("heap exhausted"); process.exit(9); }, 100);';
    const target = await stand.start({ command: await stand.script(dying) });
    expect(await target.exited).toEqual({ code: 9, signal: null });
    await target.stop();
    expect(stand.events.slice(1)).toEqual([
      { type: "target", target: "cloud", role: "server", edge: "exited", code: 9, stderr: "heap exhausted" },
    ]);
    expect(await stand.leased()).toEqual([]);
  });

  test.concurrent("frees its number in the lease at once, not only when it is stopped", async () => {
    await using stand = await openStand();
    const target = await stand.start({ command: await stand.script(honest) });
    process.kill(target.pid, "SIGKILL");
    await target.exited;
    await until(() => stand.events.length === 2);
    expect(stand.events[1]).toMatchObject({ edge: "exited", signal: "SIGKILL" });
    while ((await stand.leased()).length > 0) await realWorld.sleep(5);
  });

  test.concurrent("takes its grandchildren with it, also those that do not listen to SIGTERM", async () => {
    await using stand = await openStand();
    const text = `
      import { spawn } from "node:child_process";
      process.on("SIGTERM", () => {});
      const child = spawn("sh", ["-c", 'trap "" TERM; echo up; while :; do sleep 0.2; done']);
      await new Promise((resolve) => child.stdout.once("data", resolve));
    `;
    const target = await stand.start({ command: await stand.script(text + honest) });
    expect(membersOf(target.pid)?.length ?? 3).toBeGreaterThanOrEqual(2);
    await Promise.all([target.stop(), target.stop()]);
    expect(groupLives(target.pid)).toBe(false);
    expect(stand.events.slice(1)).toEqual([
      { type: "target", target: "cloud", role: "server", edge: "stopped", signal: "SIGKILL" },
    ]);
  });

  test.concurrent("ends what it left in its group, though it ended long before", async () => {
    await using stand = await openStand();
    const text = `
      import { spawn } from "node:child_process";
      spawn("sleep", ["60"], { stdio: "inherit" }).unref();
      console.log('{"ready":{"url":"http://127.0.0.1:9/"}}');
    `;
    const target = await stand.start({ command: await stand.script(text) });
    expect(await target.exited).toEqual({ code: 0, signal: null });
    expect(groupLives(target.pid)).toBe(true);
    expect(await stand.leased()).toEqual([target.pid]);
    await target.stop();
    expect(groupLives(target.pid)).toBe(false);
    expect(await stand.leased()).toEqual([]);
    expect(stand.events.map((event) => "edge" in event && event.edge)).toEqual(["ready", "exited"]);
  });

  test.concurrent("comes as fast to one that was halted", async () => {
    await using stand = await openStand();
    const target = await stand.start({ command: await stand.script(honest) });
    signalGroup(target.pid, "SIGSTOP");
    await target.stop();
    expect(await target.exited).toEqual({ code: null, signal: "SIGTERM" });
  });

  test.concurrent("does not reach another target", async () => {
    await using stand = await openStand();
    const bystander = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    const command = await stand.script(honest);
    const [one, two] = await Promise.all([stand.start({ command }), stand.start({ command, name: "other" })]);
    await one.stop();
    expect((await fetch(two.url)).status).toBe(200);
    expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
    await two.stop();
    bystander.kill("SIGKILL");
  });
});
