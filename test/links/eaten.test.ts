/** Lost answers: the callee acts and answers, the caller never hears. */
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { bodyOf, callLink, certain, httpCallee, losing, openRig, tcpCallee, type Rig } from "./rig.ts";
import { waitFor } from "../waiting.ts";

async function ask(rig: Rig, method: string, path: string): Promise<string> {
  const sent = request(rig.url(path), { method });
  sent.end();
  try {
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return (await bodyOf(answer)).toString();
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "?";
  }
}

const answer = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

const outcomes = (rig: Rig): string[] => rig.exchanges().map(({ ended, path }) => `${ended} ${path}`);

test("the callee has answered, and the caller's connection closes without a byte", async () => {
  let acted = 0;
  await using callee = await httpCallee((_request, response) => {
    acted += 1;
    response.writeHead(201).end("created");
  });
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("POST /limits HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.received()).toHaveLength(0);
  expect(acted).toBe(1);
  expect(rig.exchanges()).toMatchObject([{ ended: "eaten", status: 201, path: "/limits" }]);
  expect(rig.exchanges()[0]?.bytesDown).toBeGreaterThan(0);
  expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "tap", how: "fin" });
  expect(rig.signs).toMatchObject([{ is: "meddled" }]);
  caller.socket.end();
});

test("in place of the answer the caller sees a reset", async () => {
  await using callee = await httpCallee((_request, response) => response.end("created"));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "reset" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("POST /limits HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  await waitFor(() => expect(caller.ended()).toBe("rst"));
  expect(rig.exchanges()).toMatchObject([{ ended: "eaten" }]);
  expect(rig.connections().at(-1)).toMatchObject({ by: "tap", how: "rst" });
});

test("a hanging caller waits until it leaves, while its callee is let go", async () => {
  let calleeClosed = false;
  await using callee = await httpCallee((incoming, response) => {
    incoming.socket.on("close", () => (calleeClosed = true));
    response.end("created");
  });
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "hang" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ ended: "eaten" }]));
  caller.socket.write("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await waitFor(() => expect(calleeClosed).toBe(true));
  expect([caller.ended(), caller.received().length]).toEqual(["open", 0]);
  caller.socket.end();
  await once(caller.socket, "close");
  expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "caller", how: "fin" });
  expect(rig.exchanges()).toHaveLength(1);
});

test("a hanging caller that breaks off is recorded so", async () => {
  await using callee = await httpCallee((_request, response) => response.end("created"));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "hang" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(rig.exchanges()).toMatchObject([{ ended: "eaten" }]));
  caller.socket.resetAndDestroy();
  await waitFor(() => expect(rig.connections().at(-1)).toMatchObject({ edge: "closed", by: "caller", how: "rst" }));
});

test("healing one rule leaves the callers of another hanging", async () => {
  await using callee = await httpCallee((_request, response) => response.end("created"));
  await using rig = await openRig(callee.port, "http");
  const [cureA] = ["/a", "/b"].map((path) => rig.link.meddle(losing({ instead: "hang", path }), certain));
  const [a, b] = ["/a", "/b"].map((path) => {
    const caller = callLink(rig.link);
    caller.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return caller;
  });
  await waitFor(() => expect(rig.exchanges()).toHaveLength(2));
  await cureA?.heal();
  await waitFor(() => expect(a?.ended()).toBe("fin"));
  expect(b?.ended()).toBe("open");
  a?.socket.end();
  b?.socket.destroy();
});

test("a hanging caller is let go with FIN when the fault is healed, and its cure works once", async () => {
  await using callee = await httpCallee((_request, response) => response.end("created"));
  await using rig = await openRig(callee.port, "http");
  const cure = rig.link.meddle(losing({ instead: "hang" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(rig.signs).toMatchObject([{ is: "meddled" }]));
  await cure.heal();
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.received()).toHaveLength(0);
  await cure.heal();
  expect(await ask(rig, "GET", "/")).toBe("created");
  caller.socket.end();
});

test("only so many answers are eaten, and only those that the rule means", async () => {
  await using callee = await httpCallee((incoming, response) => response.end(incoming.url));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close", method: "POST", path: "/limits", count: 2 }), certain);
  const asked = [
    await ask(rig, "GET", "/limits/1"),
    await ask(rig, "POST", "/services"),
    await ask(rig, "POST", "/limits/2"),
    await ask(rig, "POST", "/limits/3?x=1"),
    await ask(rig, "POST", "/limits/4"),
  ];
  expect(asked).toEqual(["/limits/1", "/services", "ECONNRESET", "ECONNRESET", "/limits/4"]);
  expect(rig.signs.filter(({ is }) => is === "meddled")).toHaveLength(2);
});

test("answers before the eaten one on a kept-alive connection reach the caller whole", async () => {
  await using callee = await httpCallee((incoming, response) => response.end(`answer to ${incoming.url}`));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close", path: "/c" }), certain);
  const caller = callLink(rig.link);
  const paths = ["/a", "/b", "/c", "/d"];
  caller.socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.text()).toMatch(/answer to \/a[^]*answer to \/b$/);
  expect(outcomes(rig)).toEqual(["answered /a", "answered /b", "eaten /c", "closed /d"]);
  const bytesPassed = rig.exchanges().slice(0, 2);
  expect(bytesPassed.reduce((sum, { bytesDown }) => sum + bytesDown, 0)).toBe(caller.received().length);
  caller.socket.end();
});

test("an answer in one chunk with the one before is cut off exactly", async () => {
  await using callee = await tcpCallee((socket) => socket.once("data", () => socket.write(answer("a") + answer("b"))));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close", path: "/b" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.text()).toBe(answer("a"));
  expect(outcomes(rig)).toEqual(["answered /a", "eaten /b"]);
  caller.socket.end();
});

test("a callee that leaves in the middle of its answer has not been eaten, and does not count", async () => {
  await using callee = await tcpCallee((socket) =>
    socket.on("data", (chunk) => {
      if (chunk.includes("/half")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      else socket.end("HTTP/1.1 200 OK\r\n\r\nwhole, as its end tells");
    }),
  );
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close", count: 1 }), certain);
  for (const path of ["/half", "/whole", "/after"]) {
    const caller = callLink(rig.link);
    caller.socket.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    await waitFor(() => expect(caller.ended()).toBe("fin"));
    expect(caller.received().length > 0).toBe(path === "/after");
    caller.socket.end();
  }
  expect(outcomes(rig)).toEqual(["closed /half", "eaten /whole", "answered /after"]);
});

test("healing stops the eating, but an answer being eaten is eaten to its end", async () => {
  const held: (() => void)[] = [];
  await using callee = await httpCallee((incoming, response) => {
    if (incoming.url === "/begun") response.write("begun ");
    held.push(() => response.end("done"));
  });
  await using rig = await openRig(callee.port, "http");
  const cure = rig.link.meddle(losing({ instead: "hang" }), certain);
  const [begun, waiting] = [callLink(rig.link), callLink(rig.link)];
  begun.socket.write("GET /begun HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.socket.write("GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n");
  await waitFor(() => expect(held).toHaveLength(2));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await cure.heal();
  for (const finish of held) finish();
  await waitFor(() => expect(begun.ended()).toBe("fin"));
  await waitFor(() => expect(waiting.text()).toContain("done"));
  expect(begun.received()).toHaveLength(0);
  expect(outcomes(rig).sort()).toEqual(["answered /waiting", "eaten /begun"]);
  begun.socket.end();
  waiting.socket.destroy();
});

test("an interim answer does not save the real one from being eaten", async () => {
  await using callee = await httpCallee((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("created"));
  });
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  await waitFor(() => expect(caller.text()).toContain("100 Continue"));
  caller.socket.write("body");
  await waitFor(() => expect(caller.ended()).toBe("fin"));
  expect(caller.text()).not.toContain("created");
  expect(rig.exchanges()).toMatchObject([{ ended: "eaten", status: 200 }]);
  caller.socket.end();
});

test("an answer that began before its request was whole is never eaten half", async () => {
  await using callee = await tcpCallee((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour");
      socket.once("data", () => socket.write("four"));
    });
  });
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close" }), certain);
  const caller = callLink(rig.link);
  caller.socket.write("PUT / HTTP/1.1\r\nContent-Length: 4\r\n\r\n");
  await waitFor(() => expect(caller.text()).toMatch(/four$/));
  caller.socket.write("body");
  await waitFor(() => expect(caller.text()).toMatch(/fourfour$/));
  expect(rig.exchanges()).toMatchObject([{ ended: "answered", status: 200 }]);
  caller.socket.destroy();
});

test("on a dead link nothing is eaten, and the count stays whole", async () => {
  await using callee = await httpCallee((_request, response) => response.end("created"));
  await using rig = await openRig(callee.port, "http");
  rig.link.meddle(losing({ instead: "close", count: 1 }), certain);
  await rig.link.setEnabled(false);
  expect(await ask(rig, "GET", "/refused")).toBe("ECONNRESET");
  await rig.link.setEnabled(true);
  expect([await ask(rig, "GET", "/eaten"), await ask(rig, "GET", "/after")]).toEqual(["ECONNRESET", "created"]);
  expect(outcomes(rig)).toEqual(["refused /refused", "eaten /eaten", "answered /after"]);
});

const callOf = (id: number, tool: string): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name: tool, arguments: {} } });

async function post(rig: Rig, body: string): Promise<string> {
  try {
    const answer = await fetch(rig.url("/mcp"), { method: "POST", body });
    return await answer.text();
  } catch {
    return "lost";
  }
}

test("on an MCP link only answers to calls of the tool are eaten", async () => {
  await using callee = await httpCallee((_request, response) => response.end("{}"));
  await using rig = await openRig(callee.port, "mcp");
  const cure = rig.link.meddle(losing({ instead: "close", tool: "CreateLimitRequest" }), certain);
  expect(await post(rig, callOf(1, "FetchServices"))).toBe("{}");
  expect(await post(rig, callOf(2, "CreateLimitRequest"))).toBe("lost");
  await cure.heal();
  rig.link.meddle(losing({ instead: "close" }), certain);
  expect(await post(rig, '{"jsonrpc":"2.0","id":3,"method":"initialize","params":{}}')).toBe("{}");
  expect(await post(rig, callOf(4, "FetchServices"))).toBe("lost");
});

test("on an MCP link an event stream is eaten once it has carried the answer, though it stays open", async () => {
  const events: string[] = [];
  await using callee = await httpCallee((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write('data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n');
    const timer = setTimeout(() => {
      events.push("answered");
      response.write('data: {"jsonrpc":"2.0","id":5,"result":{}}\n\n');
    }, 60);
    response.on("close", () => clearTimeout(timer));
  });
  await using rig = await openRig(callee.port, "mcp");
  rig.link.meddle(losing({ instead: "close" }), certain);
  expect(await post(rig, callOf(5, "CreateLimitRequest"))).toBe("lost");
  expect(events).toEqual(["answered"]);
  expect(rig.exchanges()).toMatchObject([{ ended: "eaten", tool: "CreateLimitRequest", status: 200 }]);
});
