/**
 * The SDK's transport over a stdio pipe. It does with lines what the SDK's own does, in the SDK's own words; only the
 * process is started and tapped by us.
 */
import { deserializeMessage, serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { SdkEnd } from "./sdk-session.ts";
import type { StdioSessionOptions } from "./session.ts";
import type { StdioPipe } from "./stdio-pipe.ts";

export function pipeEnd({ server, pipe }: StdioSessionOptions): SdkEnd {
  let version: string | undefined;
  let isLost = false;
  const transport = transportOver(pipe, () => {
    isLost = true;
  });
  transport.setProtocolVersion = (agreed) => {
    version = agreed;
  };
  return {
    name: server,
    transport,
    protocolVersion: () => version,
    inSession: () => false,
    isLost: () => isLost,
    // A process hears of the end by the end of its stdin.
    farewell: () => Promise.resolve(),
  };
}

function transportOver(pipe: StdioPipe, onLost: () => void): Transport {
  const transport: Transport = {
    start: () => {
      pipe.listen({
        onLine: (line) => {
          try {
            transport.onmessage?.(deserializeMessage(line.toString().replace(/\r$/, "")));
          } catch (error) {
            transport.onerror?.(error instanceof Error ? error : new Error(String(error)));
          }
        },
        onOverlong: () => {
          transport.onerror?.(new Error("a line was too long"));
          onLost();
          void transport.close().catch(() => {});
        },
        onClosed: () => {
          onLost();
          transport.onclose?.();
        },
      });
      return Promise.resolve();
    },
    send: (message) => {
      // Lines are parted by newlines, and the pipe adds its own.
      pipe.send(serializeMessage(message).trimEnd());
      return Promise.resolve();
    },
    close: async () => {
      transport.onclose?.();
      await pipe.close();
    },
  };
  return transport;
}
