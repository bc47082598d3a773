/** Plays a stimulus against an engine: in come steps, out comes an observation. */
import { isDeepStrictEqual } from "node:util";
import { parseAddress, type Address } from "../../../src/engines/engine.ts";
import { realWorld } from "../../../src/world.ts";
import { ask } from "../ask.ts";
import { closedAddress } from "../../closed-address.ts";
import { isRefused, openClient, openServer, type Peer, type TestServer } from "../peers.ts";
import { readAnswer, type Ports } from "./answers.ts";
import { bufferOf, contentOf, labelled, type Labelled, type Observation } from "./observation.ts";
import type { Bounds, Json, ServerKind, Stimulus, Tries } from "./stimulus.ts";

const patienceMs = 8000;

export async function play(stimulus: Stimulus, url: string): Promise<Observation> {
  await using stage = new AsyncDisposableStack();
  const ports: Ports = new Map();
  const servers = new Map<string, TestServer>();
  for (const [name, kind] of Object.entries({ echo: "echo" as const, ...stimulus.servers })) {
    const server = await startServer(kind);
    ports.set(name, server.address.port);
    if ("peers" in server) servers.set(name, stage.use(server));
  }
  const player = new Player({ url, ports, servers });
  stage.defer(() => player.hangUp());
  await player.playAll(labelled(stimulus.steps), { sinceMs: performance.now() });
  return player.seen;
}

async function startServer(kind: ServerKind): Promise<TestServer | { readonly address: Address }> {
  if (kind === "closed") return { address: await closedAddress() };
  if (kind === "sink") return openServer();
  if (kind === "echo") return openServer((socket) => void socket.pipe(socket));
  if ("floods" in kind) {
    return openServer((socket) => {
      const part = Buffer.alloc(65_536, "flood");
      let left = kind.floods;
      const more = (): void => {
        let goOn = true;
        while (goOn && left > 0) {
          left -= part.length;
          goOn = socket.write(part);
        }
      };
      socket.on("drain", more);
      more();
    });
  }
  return openServer((socket) => {
    socket.write(bufferOf(kind.says));
    if (kind.after === "ends") socket.end();
  });
}

/** Steps one after the other; their times count from the latest thing that was done. */
interface Track {
  sinceMs: number;
}

interface Scene {
  readonly url: string;
  readonly ports: Ports;
  readonly servers: ReadonlyMap<string, TestServer>;
}

interface End extends Peer {
  readonly pieces: () => number;
}

class Player {
  readonly seen = {
    exact: {} as Record<string, Json>,
    measures: {} as Record<string, number>,
    shares: {} as Record<string, { hits: number; of: number }>,
  } satisfies Observation;
  readonly #scene: Scene;
  readonly #ends = new Map<string, End>();
  readonly #marks = new Map<string, number>();
  readonly #opened = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async playAll(steps: readonly Labelled[], track: Track): Promise<void> {
    for (const step of steps) await this.#play(step, track);
  }

  hangUp(): void {
    for (const { socket } of this.#ends.values()) socket.destroy();
  }

  async #play(step: Labelled, track: Track): Promise<void> {
    const { label } = step;
    if (actions.has(step.do)) track.sinceMs = performance.now();
    switch (step.do) {
      case "ask":
        return this.#ask(step, track);
      case "open":
        return this.#open(step);
      case "isRefused":
        this.seen.exact[label] = await isRefused(this.#addressOf(step.proxy));
        return;
      case "send":
        this.#end(step.end).socket.write(bufferOf(step.data));
        return;
      case "finish":
        this.#end(step.end).socket.end();
        return;
      case "break":
        this.#end(step.end).socket.resetAndDestroy();
        return;
      case "pause":
      case "resume":
        this.#end(step.end).socket[step.do]();
        return;
      case "gets":
        this.seen.exact[label] = await this.#gets(step.end, step.bytes);
        return this.#measure(label, step.took, track);
      case "ends": {
        const ending = await orLate(this.#end(step.end).ended);
        this.seen.exact[label] = step.sees === "either" && ending !== "nothing" ? "either" : ending;
        return this.#measure(label, step.took, track);
      }
      case "stays": {
        const end = this.#end(step.end);
        const open = await Promise.race([end.ended.then(() => false), realWorld.sleep(step.ms).then(() => true)]);
        this.seen.exact[label] = { open, bytes: end.receivedBytes() };
        return;
      }
      case "received":
        this.seen.exact[label] = contentOf(this.#end(step.end).received());
        return;
      case "pieces":
        this.seen.measures[label] = this.#end(step.end).pieces();
        return;
      case "settles":
        this.seen.measures[label] = await settledBytes(this.#end(step.end));
        return;
      case "wait":
        await realWorld.sleep(step.ms);
        return;
      case "mark":
        this.#marks.set(step.name, performance.now());
        return;
      case "together":
        await Promise.all(step.tracks.map((inner) => this.playAll(inner as readonly Labelled[], { ...track })));
        return;
      case "tries":
        return this.#tries(step, label);
      default:
        step satisfies never;
    }
  }

  async #ask(step: Labelled & { readonly do: "ask" }, track: Track): Promise<void> {
    const { line, body, headers, sees, took, label } = step;
    const answer = await this.#call(line, body, headers);
    if (sees !== undefined) this.seen.exact[label] = answer;
    // What is only to work: its failure is seen, and never expected.
    else if (!isDeepStrictEqual(worked(answer), true)) this.seen.exact[label] = answer;
    this.#measure(label, took, track);
  }

  async #call(line: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Json> {
    const { ports, url } = this.#scene;
    const sent = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const named = sent?.replaceAll(/\{([\w']+)\}/g, (whole, name: string) => String(ports.get(name) ?? whole));
    try {
      return readAnswer(await ask(url, line, named, headers, AbortSignal.timeout(patienceMs)), ports);
    } catch {
      return "no answer";
    }
  }

  async #open({ end, proxy, server }: { end: string; proxy: string; server: string | undefined }): Promise<void> {
    this.#ends.set(end, withPieces(await openClient(this.#addressOf(proxy))));
    if (server === undefined) return;
    const index = this.#opened.get(server) ?? 0;
    this.#opened.set(server, index + 1);
    const peer = await orLate(this.#scene.servers.get(server)!.peer(index));
    if (peer === "nothing") throw new Error(`${end} was not passed on to ${server}`);
    this.#ends.set(`${end}.server`, withPieces(peer));
  }

  async #gets(name: string, bytes: number): Promise<Json> {
    const end = this.#end(name);
    const got = await orLate(
      end.got(bytes).then(
        () => "all" as const,
        () => "closed" as const,
      ),
    );
    return got === "all" ? got : { [got]: end.receivedBytes() };
  }

  async #tries({ proxy, connections, rounds }: Tries, label: string): Promise<void> {
    let alive: Peer[] = [];
    for (let nth = 0; nth < connections; nth += 1) {
      const client = withPieces(await openClient(this.#addressOf(proxy)));
      this.#ends.set(`${label} ${nth}`, client);
      alive.push(client);
    }
    for (const [round, { line, body }] of rounds.entries()) {
      await this.#call(line, body);
      const spared = await Promise.all(alive.map(echoes));
      this.seen.shares[`${label} ${round}`] = { hits: spared.filter((lives) => !lives).length, of: alive.length };
      alive = alive.filter((_, nth) => spared[nth]);
    }
  }

  #measure(label: string, bounds: Bounds | undefined, track: Track): void {
    if (bounds === undefined) return;
    const sinceMs = bounds.since === undefined ? track.sinceMs : this.#marks.get(bounds.since)!;
    this.seen.measures[label] = performance.now() - sinceMs;
  }

  #end(name: string): End {
    const end = this.#ends.get(name);
    if (end === undefined) throw new Error(`no connection ${name} has been opened`);
    return end;
  }

  #addressOf(proxy: string): Address {
    return parseAddress(`127.0.0.1:${this.#scene.ports.get(proxy)}`);
  }
}

const actions = new Set<Labelled["do"]>(["ask", "open", "send", "finish", "break", "resume"]);

function worked(answer: Json): boolean {
  return typeof answer === "object" && answer !== null && "status" in answer && Number(answer["status"]) < 300;
}

async function orLate<T>(awaited: Promise<T>): Promise<T | "nothing"> {
  const done = new AbortController();
  try {
    return await Promise.race([awaited, realWorld.sleep(patienceMs, done.signal).then(() => "nothing" as const)]);
  } finally {
    done.abort();
  }
}

async function echoes(client: Peer): Promise<boolean> {
  const wanted = client.receivedBytes() + 1;
  client.socket.write("x");
  return Promise.race([
    client.got(wanted).then(
      () => true,
      () => false,
    ),
    client.ended.then(() => false),
  ]);
}

function withPieces(peer: Peer): End {
  let pieces = 0;
  peer.socket.on("data", () => (pieces += 1));
  return { ...peer, pieces: () => pieces };
}

async function settledBytes({ socket }: Peer): Promise<number> {
  let before = -1;
  while (before !== socket.bytesWritten - socket.writableLength) {
    before = socket.bytesWritten - socket.writableLength;
    await realWorld.sleep(400);
  }
  return before;
}
