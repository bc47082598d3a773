import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readHistory } from "../../src/history/segments.ts";
import type { Exchange } from "../../src/history/events.ts";
import { privateCa } from "../private-ca.ts";
import { guardedServer, tokenServer } from "./guarded-server.ts";
import { onlyRun, squall, temporaryFolder } from "./squall.ts";

const anybody = (): boolean => true;

function scenario({
  server,
  group = "",
  phases = "[{ baseline: 1500ms }]",
  faults = "[]",
}: {
  readonly server: string;
  readonly group?: string;
  readonly phases?: string;
  readonly faults?: string;
}): string {
  const agents = `${group} policy: { kind: none, timeout: 5s }, arrivals: { count: 3, thinkTime: 50ms }`;
  return `name: tls
servers: { mine: ${server} }
agents: { a: { ${agents}, chain: [{ call: mine.Hello }] } }
phases: ${phases}
faults: ${faults}
checks: [survives]
`;
}

async function exchangesIn(folder: string): Promise<Exchange[]> {
  const found: Exchange[] = [];
  for await (const event of readHistory(join(await onlyRun(folder), "history"))) {
    if (event.type === "exchange") found.push(event);
  }
  return found;
}

describe("a server behind TLS, certified by an authority of one's own", () => {
  test.each(["lean", "sdk"])("is called, seen at the tap and broken like any other (%s)", async (wire) => {
    await using folder = await temporaryFolder();
    const ca = privateCa(folder.path);
    await using server = await guardedServer({ lets: anybody, secure: ca.certify("server") });
    const text = scenario({
      server: `{ url: "${server.url}", tls: { ca: ca.pem } }`,
      group: `wire: ${wire},`,
      phases: "[{ baseline: 1500ms }, { fault: 1500ms, recovery: 2500ms, name: errors }]",
      faults: "[{ link: agents->mine, kind: http-status, status: 503, during: errors }]",
    });
    await writeFile(join(folder.path, "s.yaml"), text);
    const { stdout, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
    const exchanges = await exchangesIn(folder.path);
    expect(
      exchanges.filter(({ tool, status }) => tool === "Hello" && status === 200).length,
      stdout + stderr,
    ).toBeGreaterThan(8);
    expect(exchanges.some(({ meddled }) => meddled !== undefined)).toBe(true);
    // It hears the name that it is called by, and not that of a tap.
    expect(new Set(server.calls.map(({ headers }) => headers.host))).toEqual(new Set([new URL(server.url).host]));
  });

  test("is shown a certificate by agents, and its tokens come over TLS as well", async () => {
    await using folder = await temporaryFolder();
    const ca = privateCa(folder.path);
    const secure = ca.certify("server");
    const agents = ca.certify("agents");
    await using tokens = await tokenServer({ secure, lastsS: 60 });
    const mutual = { ...secure, ca: ca.pem, requestCert: true, rejectUnauthorized: true };
    await using server = await guardedServer({ lets: tokens.lets, secure: mutual });
    const tls = `tls: { ca: ca.pem, cert: ${agents.certFile}, key: ${agents.keyFile} }`;
    const oauth = `identity: { oauth: { tokenUrl: "${tokens.url}", clientId: squall, clientSecret: s3cret-of-squall } }`;
    await writeFile(
      join(folder.path, "s.yaml"),
      scenario({ server: `{ url: "${server.url}", direct: true, ${tls}, ${oauth} }` }),
    );
    const { stdout, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
    expect(server.calls.length, stdout + stderr).toBeGreaterThan(8);
    expect(tokens.grants).toHaveLength(1);
  });

  test("is saturated over it", async () => {
    await using folder = await temporaryFolder();
    const ca = privateCa(folder.path);
    await using server = await guardedServer({
      lets: (given) => given === "Bearer saturating-token",
      secure: ca.certify("server"),
    });
    const text = scenario({
      server: `{ url: "${server.url}", tls: { ca: ca.pem }, identity: { bearer: saturating-token } }`,
    });
    await writeFile(join(folder.path, "s.yaml"), text);
    const args = [
      "saturate",
      "s.yaml",
      "--tool",
      "Hello",
      "--connections",
      "3",
      "--step",
      "1s",
      "--tries",
      "1",
      "--from",
      "10/s",
      "--to",
      "10/s",
      "--json",
    ];
    const { stdout, stderr } = await squall(args, { cwd: folder.path });
    expect(JSON.parse(stdout), stderr).toMatchObject({ raw: { refused: 0, unanswered: 0 } });
    expect(server.calls.some(({ agent }) => agent === "squall saturate")).toBe(true);
    expect(server.refused).toBe(0);
  });
});

describe("a certificate that cannot be believed is told with what to do", () => {
  test.each([
    ["an authority that nobody knows", {}, "", "give that authority's certificate as tls: { ca: file }"],
    [
      "another name",
      { names: "DNS:elsewhere.test" },
      "ca: ca.pem",
      "not for localhost, but for DNS:elsewhere.test: correct its url, or say tls: { servername",
    ],
    ["an end that has come", { days: -1 }, "ca: ca.pem", "has expired"],
    ["a certificate that it wants of its callers", {}, "ca: ca.pem", "tls: { cert: file, key: file }"],
  ])("%s", async (is, about, tls, hint) => {
    await using folder = await temporaryFolder();
    const ca = privateCa(folder.path);
    const own = ca.certify("server", about);
    const secure = is.startsWith("a certificate")
      ? { ...own, ca: ca.pem, requestCert: true, rejectUnauthorized: true }
      : own;
    await using server = await guardedServer({ lets: anybody, secure });
    await writeFile(join(folder.path, "s.yaml"), scenario({ server: `{ url: "${server.url}", tls: { ${tls} } }` }));
    const { code, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
    expect(stderr).toContain(hint);
    expect(code).toBe(75);
    expect(server.calls).toEqual([]);
  });

  test("a file that is not there, before anything starts; and insecure believes all", async () => {
    await using folder = await temporaryFolder();
    const ca = privateCa(folder.path);
    await using server = await guardedServer({
      lets: anybody,
      secure: ca.certify("server", { names: "DNS:elsewhere.test" }),
    });
    await writeFile(
      join(folder.path, "s.yaml"),
      scenario({ server: `{ url: "${server.url}", tls: { ca: none.pem } }` }),
    );
    const missing = await squall(["run", "s.yaml"], { cwd: folder.path });
    expect(missing.code).toBe(64);
    expect(missing.stderr).toContain("servers.mine.tls.ca");
    await writeFile(
      join(folder.path, "s.yaml"),
      scenario({ server: `{ url: "${server.url}", tls: { insecure: true } }` }),
    );
    const { stdout, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
    expect(server.calls.length, stdout + stderr).toBeGreaterThan(4);
  });
});
