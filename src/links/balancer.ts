/**
 * A plain HTTP balancer before the replicas of a server. It hands each request to one of them and streams what comes
 * both ways. Only a replica that takes no connection is passed over for the next one: what may have reached a replica
 * is never sent again. It remembers no trouble, probes nobody beforehand, and waits as long as its caller does.
 *
 *   agents ──▶ tap ──▶ proxy ──▶ (this) ──▶ tap ──▶ proxy ──▶ replica
 */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { messageOf } from "../errors.ts";
import type { Address } from "../engines/engine.ts";
import { balancerHeader, offer } from "./balanced-answer.ts";
import { closingOf, listenHere } from "./listening.ts";
import { createHomes, type Homes } from "./session-homes.ts";

export interface BalancedReplica {
  readonly name: string;
  /** Where it listens itself. */
  readonly at: Address;
  /** The way that requests take to it: its link, or straight. */
  readonly way: { readonly address: Address; readonly refuses: boolean };
}

export interface BalancerOptions {
  /** As answers of its own call the server. */
  readonly server: string;
  readonly balance: "round-robin" | "sticky";
  readonly replicas: readonly BalancedReplica[];
}

export interface Balancer {
  readonly address: Address;
  /** Gives the replica no more requests; `idle` resolves once those that it has are answered. */
  drain(replica: string): { readonly idle: Promise<void>; readonly admit: () => void };
  close(): Promise<void>;
}

const callersIdleMostMs = 75_000;

export async function openBalancer({ server: name, balance, replicas }: BalancerOptions): Promise<Balancer> {
  const members = replicas.map(openMember);
  const homes = balance === "sticky" ? createHomes<Member>() : undefined;
  let turn = 0;

  /** Whom a request is offered to, in this order. */
  const inTurn = (session: string | undefined): readonly Member[] => {
    const from = turn;
    turn = (turn + 1) % members.length;
    const ring = [...members.slice(from), ...members.slice(0, from)];
    const home = session === undefined ? undefined : homes?.of(session);
    return (home === undefined ? ring : [home, ...ring.filter((member) => member !== home)]).filter(
      ({ isOut }) => !isOut,
    );
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const session = sessionIn(request);
    const passedOver: string[] = [];
    for (const member of inTurn(session)) {
      const end = member.begin();
      const offered = await offer({
        request,
        response,
        agent: member.agent,
        onAnswer: (answer) => learn(homes, { member, session, request, answer }),
        onUnanswered: (because) =>
          refuse(response, name, `${member.name} took the request and never answered: ${because}`),
      }).catch((error: unknown) => {
        end();
        throw error;
      });
      if (offered.is === "taken") {
        if (response.closed) end();
        else response.once("close", end);
        return;
      }
      end();
      if (response.destroyed) return;
      passedOver.push(`${member.name}: ${offered.because}`);
    }
    refuse(response, name, `no replica took the request (${passedOver.join(", ") || "none is in"})`);
  };

  const server = createServer(
    // Nothing of ours may end what a server of others would let go on.
    { noDelay: true, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: callersIdleMostMs },
    (request, response) => {
      handle(request, response).catch((error: unknown) => refuse(response, name, messageOf(error)));
    },
  );
  const address = await listenHere(server);
  const close = closingOf(server, () => {
    server.closeAllConnections();
    for (const { agent } of members) agent.destroy();
  });
  return {
    address,
    drain: (replica) => {
      const member = members.find((candidate) => candidate.name === replica);
      if (member === undefined) throw new Error(`${name} has no replica ${replica}`);
      return member.drain();
    },
    close,
  };
}

interface Member {
  readonly name: string;
  readonly agent: Agent;
  readonly isOut: boolean;
  /** It is at work on one more from here on, be it only to connect; returns how to say that this is over. */
  begin(): () => void;
  drain: () => ReturnType<Balancer["drain"]>;
}

function openMember({ name, at, way }: BalancedReplica): Member {
  // A connection for each request: one that was kept might have died meanwhile, and the request would be lost with it.
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = (_, done) => {
    reach({ at, way }, (error, socket) => done?.(error, socket));
    return undefined;
  };
  let out = 0;
  let open = 0;
  let whenIdle: (() => void)[] = [];
  return {
    name,
    agent,
    get isOut() {
      return out > 0;
    },
    begin: () => {
      open += 1;
      return () => {
        open -= 1;
        if (open > 0) return;
        for (const tell of whenIdle) tell();
        whenIdle = [];
      };
    },
    drain: () => {
      out += 1;
      let isDrained = true;
      const idle = open === 0 ? Promise.resolve() : new Promise<void>((resolve) => void whenIdle.push(resolve));
      return {
        idle,
        admit: () => {
          if (isDrained) out -= 1;
          isDrained = false;
        },
      };
    },
  };
}

type Reached = (error: Error | null, socket: Socket) => void;

/**
 * The connecting of a balancer. Taps and proxies take every connection before they find out that nobody is behind
 * them, so whether the replica takes one is found out at its own address first.
 */
function reach({ at, way }: Pick<BalancedReplica, "at" | "way">, done: Reached): void {
  if (way.refuses) {
    // It goes there all the same and says nothing, so that the link counts what it has refused.
    const refused = connect({ ...way.address });
    refused.on("error", () => {});
    refused.end();
    done(Object.assign(new Error("the link refuses connections"), { code: "ECONNREFUSED" }), refused);
    return;
  }
  const first = connect({ ...at });
  first.once("error", (error) => done(error, first));
  first.once("connect", () => {
    first.on("error", () => {});
    first.destroy();
    const socket = connect({ ...way.address, noDelay: true });
    socket.once("error", (error) => done(error, socket));
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      done(null, socket);
    });
  });
}

/** A session stays with the replica that named it, or that has taken it over from one that is gone. */
function learn(
  homes: Homes<Member> | undefined,
  about: {
    readonly member: Member;
    readonly session: string | undefined;
    readonly request: IncomingMessage;
    readonly answer: IncomingMessage;
  },
): void {
  const { member, session, request, answer } = about;
  const isGone = answer.statusCode === 404 || request.method === "DELETE";
  if (session !== undefined && isGone) homes?.forget(session);
  const named = sessionIn(answer) ?? session;
  if (named !== undefined && !isGone) homes?.keep(named, member);
}

function sessionIn({ headers }: IncomingMessage): string | undefined {
  const id = headers["mcp-session-id"];
  return typeof id === "string" ? id : undefined;
}

function refuse(response: ServerResponse, server: string, says: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(502, { "content-type": "text/plain", [balancerHeader]: server });
  response.end(`Squall's balancer before ${server}: ${says}\n`);
}
