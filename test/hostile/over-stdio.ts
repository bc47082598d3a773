/** Servers over stdio that mean harm, each by its name and the one thing that it does. */
import { randomBytes } from "node:crypto";
import { answer, deepJson, honest, opened, poison, tool, type Message } from "./message.ts";

const { stdin, stdout, stderr } = process;
const mebi = 1024 * 1024;

/** Answers true where it has dealt with the message; called with no method when the process starts. */
export type Behaviour = (message: Message) => boolean;

export const overStdio: Readonly<Record<string, Behaviour>> = {
  "garbage-lines": atStart(() => pour(stdout, () => Buffer.concat([randomBytes(4096), Buffer.from("\n")]))),
  "garbage-between": ({ id }) => {
    if (id !== undefined) stdout.write(`Starting up…\n${poison}\n{"not":"ours"}\n[]\nnull\n`);
    return false;
  },
  "line-without-end": atStart(() => pour(stdout, () => "x".repeat(64 * 1024))),
  "huge-stderr": atStart(() => pour(stderr, () => `${poison} ${"x".repeat(64 * 1024)}\n`, 100 * mebi)),
  "crash-at-start": atStart(() => {
    stderr.write(`cannot find my configuration ${poison}\n`);
    process.exit(3);
  }),
  "crash-in-call": on("tools/call", () => process.abort()),
  "deep-line": on("tools/call", ({ id }) =>
    stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":${deepJson(100_000)}}}\n`),
  ),
  "answers-everything-twice": (message) => {
    const said = honest(message);
    if (said !== undefined) stdout.write(`${JSON.stringify(said)}\n${JSON.stringify(said)}\n`);
    return true;
  },
  "flood-of-requests-on-stdout": on("tools/call", () => {
    let id = 0;
    pour(stdout, () => {
      id += 1;
      return `{"jsonrpc":"2.0","id":"flood-${id}","method":"ping"}\n`.repeat(100);
    });
  }),
  "reads-nothing": atStart(() => {
    stdin.pause();
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1000);
  }),
  "poisoned-names": (message) => {
    if (message.method === "initialize") {
      const named = { ...opened, serverInfo: { name: poison, version: poison }, instructions: poison };
      stdout.write(`${JSON.stringify(answer(message.id, named))}\n`);
      return true;
    }
    if (message.method !== "tools/list") return false;
    stdout.write(`${JSON.stringify(answer(message.id, { tools: [{ ...tool, name: poison }] }))}\n`);
    return true;
  },
};

function on(wanted: string, act: (message: Message) => unknown): Behaviour {
  return (message) => {
    if (message.method !== wanted) return false;
    act(message);
    return true;
  };
}

function atStart(act: () => unknown): Behaviour {
  return on("", act);
}

function pour(to: NodeJS.WriteStream, more: () => string | Buffer, bytesMax = Number.POSITIVE_INFINITY): void {
  let left = bytesMax;
  const on = (): void => {
    while (left > 0) {
      const chunk = more();
      left -= chunk.length;
      if (!to.write(chunk)) return;
    }
  };
  to.on("drain", on).on("error", () => process.exit(0));
  on();
}
