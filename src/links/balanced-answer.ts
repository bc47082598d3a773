/** One request on its way through the balancer to a replica: how it is handed on, and what comes back. */
import { request as httpRequest, type Agent, type IncomingMessage, type ServerResponse } from "node:http";
import { codeOf, messageOf } from "../errors.ts";

/** Names what answers are the balancer's own. */
export const balancerHeader = "squall-balancer";

/** Not taken: no byte of the request can have reached it, so another may have it. */
export type Offered =
  | { readonly is: "not-taken"; readonly because: string }
  /** A replica has it now; what becomes of it is told to its caller. */
  | { readonly is: "taken" };

export interface Offer {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Connects to the replica; what it fails with means that nothing was sent. */
  readonly agent: Agent;
  readonly onAnswer: (answer: IncomingMessage) => void;
  /** It was taken, and its connection ended before an answer began. */
  readonly onUnanswered: (because: string) => void;
}

export function offer({ request, response, agent, onAnswer, onUnanswered }: Offer): Promise<Offered> {
  return new Promise((resolve) => {
    const { method, url: path } = request;
    const asked = httpRequest({ agent, method, path, headers: passedOn(request.rawHeaders) });
    let isTaken = false;
    const leave = (): void => void asked.destroy();
    response.once("close", leave);
    asked.once("socket", () => {
      isTaken = true;
      resolve({ is: "taken" });
      request.pipe(asked);
    });
    asked.once("response", (answer) => {
      onAnswer(answer);
      response.writeHead(answer.statusCode ?? 0, answer.statusMessage, passedOn(answer.rawHeaders));
      // The first event of a stream may come much later than its head.
      response.flushHeaders();
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    asked.on("error", (error) => {
      const because = codeOf(error) ?? messageOf(error);
      if (!isTaken) {
        response.off("close", leave);
        resolve({ is: "not-taken", because });
      } else if (response.headersSent) response.destroy();
      else onUnanswered(because);
    });
  });
}

/** They are about one connection, not about what passes over it. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
]);

/** Name and value in turn, as they came. */
function passedOn(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = "", value = ""] = [raw[at], raw[at + 1]];
    if (!ofConnection.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}
