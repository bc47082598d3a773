/** What a request to a forward proxy asks for: a tunnel, or to be made in the caller's place. */
import { destinationIn, type Destination } from "../../history/destination.ts";
import { headerOf, type RequestHead } from "../http-head.ts";

export type Wanted =
  | { readonly is: "tunnel"; readonly to: Destination }
  /** With the head as its destination shall have it, in Latin-1. */
  | { readonly is: "request"; readonly to: Destination; readonly head: string }
  | { readonly is: "wrong"; readonly says: string };

export function wantedBy(head: RequestHead): Wanted {
  if (head.method === "CONNECT") {
    const to = destinationIn(head.url);
    return to === undefined
      ? { is: "wrong", says: `expected CONNECT host:port, got "${head.url}"` }
      : { is: "tunnel", to };
  }
  const parsed = /^[a-z][\w+.-]*:/i.test(head.url) ? URL.parse(head.url) : null;
  if (parsed === null) {
    return { is: "wrong", says: "this is a proxy: expected CONNECT, or an absolute URL in the request line" };
  }
  if (parsed.protocol !== "http:") return { is: "wrong", says: `expected http:, or CONNECT, for ${parsed.protocol}` };
  const to = destinationIn(`${parsed.hostname}:${parsed.port === "" ? "80" : parsed.port}`);
  if (to === undefined) return { is: "wrong", says: `nobody can tell where "${parsed.host}" is` };
  return { is: "request", to, head: originHead(head, parsed.host) };
}

/** As the destination would have got it without a proxy: all but the request line and what is said to proxies only. */
function originHead({ method, url, version, headers }: RequestHead, host: string): string {
  const [, pathAndQuery = ""] = /^[^:]+:\/\/[^/?#]*([^#]*)/.exec(url) ?? [];
  const path = pathAndQuery.startsWith("/") ? pathAndQuery : `/${pathAndQuery}`;
  // What stands in the request line outdoes what the header says.
  const isNamed = headerOf(headers, "host")?.toLowerCase() === host;
  const dropped = isNamed ? /^proxy-(?:connection|authorization):/i : /^(?:proxy-(?:connection|authorization)|host):/i;
  const kept = headers.filter((line) => !dropped.test(line));
  // Before HTTP/1.1 no connection stayed open unasked, and callers ask proxies in a header of its own.
  const asked = headerOf(headers, "proxy-connection");
  const connection =
    headerOf(headers, "connection") === undefined && asked !== undefined ? [`Connection: ${asked}`] : [];
  return [`${method} ${path} ${version}`, ...(isNamed ? [] : [`Host: ${host}`]), ...kept, ...connection, "", ""].join(
    "\r\n",
  );
}
