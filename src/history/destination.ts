/** Where a request goes: a host and its port, written `host:port` as in CONNECT. */
export interface Destination {
  /** In lower case, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Undefined where it is none. */
export function destinationIn(text: string): Destination | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]/?#@]+)):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  const host = (bracketed ?? plain ?? "").toLowerCase().replace(/\.$/, "");
  return host === "" || port < 1 || port > 65_535 || Number.isNaN(port) ? undefined : { host, port };
}

export function destinationSaid({ host, port }: Destination): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
