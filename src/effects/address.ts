/** Where a read-back reads: past every link, so where it names an upstream, host and port are the upstream's own. */

/** At least one of the two is there. */
export function readAddress(url: string | undefined, upstream: URL | undefined): URL {
  if (upstream === undefined) return new URL(url ?? "");
  if (url === undefined) return upstream;
  const own = URL.parse(url, upstream.protocol.startsWith("http") ? upstream.href : undefined);
  if (own === null) throw new Error(`${url} is no URL`);
  own.hostname = upstream.hostname;
  own.port = upstream.port;
  return own;
}
