/** An answer of the API in words that do not depend on ports, and without what no client goes by. */
import type { Answer } from "../ask.ts";
import type { Json } from "./stimulus.ts";

/** The port of each server and proxy by name; proxies come to it as answers tell of them. */
export type Ports = Map<string, number>;

export function readAnswer({ status, type, headers, text, body }: Answer, ports: Ports): Json {
  const marks = [
    headers.has("x-toxiproxy-request-id") ? ["id"] : [],
    headers.get("x-content-type-options") === "nosniff" ? ["nosniff"] : [],
  ];
  learnPorts(body, ports);
  const said = body === undefined ? text : withoutNoise(body as Json);
  return { status, type, marks: marks.flat().join(" "), body: named(said, ports) };
}

/** Numbers of ports become the names of those who listen there. */
function named(value: Json, ports: Ports): Json {
  if (typeof value === "string") {
    const names = new Map([...ports].map(([name, port]) => [String(port), name]));
    return value.replaceAll(/(?<=[\]:.\w]:)\d{4,5}\b/g, (port) => (names.has(port) ? `{${names.get(port)}}` : port));
  }
  if (Array.isArray(value)) return value.map((inner) => named(inner, ports));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, named(inner, ports)]));
}

/** The real server lets its logger slip into the JSON. */
function withoutNoise(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== "Logger");
  return Object.fromEntries(kept.map(([key, inner]) => [key, key === "version" ? "…" : withoutNoise(inner)]));
}

function learnPorts(body: unknown, ports: Ports): void {
  if (typeof body !== "object" || body === null) return;
  if ("name" in body && "listen" in body && typeof body.listen === "string") {
    learnPort(String(body.name), Number(body.listen.slice(body.listen.lastIndexOf(":") + 1)), ports);
    return;
  }
  for (const inner of Object.values(body)) learnPorts(inner, ports);
}

function learnPort(name: string, port: number, ports: Ports): void {
  // Who wants the port of another and does not get it is told of by the other's name.
  if (port === 0 || [...ports.values()].includes(port)) return;
  let called = name;
  while (ports.has(called)) called += "'";
  ports.set(called, port);
}
