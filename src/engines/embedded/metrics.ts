/** What passed each proxy, counted when connections close and told in Prometheus' text, as the real server does. */
import type { Stream } from "../../faults/handles.ts";

export interface ConnectionBytes {
  /** Where the proxy listened and connected at the time. */
  readonly proxy: string;
  readonly listener: string;
  readonly upstream: string;
  readonly direction: Stream;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export interface Metrics {
  count(bytes: ConnectionBytes): void;
  text(): string;
}

export function createMetrics(): Metrics {
  const received = new Map<string, number>();
  const sent = new Map<string, number>();
  return {
    count: ({ receivedBytes, sentBytes, ...labels }) => {
      const labelled = labelText(labels);
      received.set(labelled, (received.get(labelled) ?? 0) + receivedBytes);
      sent.set(labelled, (sent.get(labelled) ?? 0) + sentBytes);
    },
    text: () =>
      counterText("toxiproxy_proxy_received_bytes_total", received) +
      counterText("toxiproxy_proxy_sent_bytes_total", sent),
  };
}

function counterText(name: string, counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return "";
  const lines = [...counts].map(([labels, count]) => `${name}${labels} ${count}\n`).toSorted();
  // The space after the name stands where others have a text that explains it.
  return `# HELP ${name} \n# TYPE ${name} counter\n${lines.join("")}`;
}

function labelText(labels: Omit<ConnectionBytes, "receivedBytes" | "sentBytes">): string {
  const inOrder = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${inOrder.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

function escaped(value: string): string {
  return value
    .replaceAll("\\", String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`);
}
