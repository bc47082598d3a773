/**
 * The SDK's transport over a stdio pipe. It does with lines what the SDK's own does, in the SDK's own words; only the
 * process is started and tapped by us.
 */
import { deserializeMessage, serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { SdkEnd } from "./sdk-session.ts";
import type { StdioSessionOptions } from "./session.ts";
import type { StdioPipe } from "./stdio-pipe.ts";

export function pipeEnd({ server, pipe }: StdioSessionOptions): SdkEnd {
  let version: string | undefined;
  let isLost = false;
  const lines: Lines<JSONRPCMessage> = { read: deserializeMessage, write: serializeMessage };
  const transport: Transport = transportOver(pipe, lines, () => {
    isLost = true;
  });
  transport.setProtocolVersion = (agreed) => {
    version = agreed;
  };
  return {
    name: server,
    transport,
    isPipe: true,
    protocolVersion: () => version,
    inSession: () => false,
    isLost: () => isLost,
    // A process hears of the end by the end of its stdin.
    farewell: () => Promise.resolve(),
  };
}

/** A transport as either version of the SDK has it. */
export interface PipeTransport<Message> {
  start(): Promise<void>;
  send(message: Message): Promise<void>;
  close(): Promise<void>;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: Message) => void;
  setProtocolVersion?: (version: string) => void;
}

/** How one version of the SDK reads and writes lines. */
export interface Lines<Message> {
  readonly read: (line: string) => Message;
  readonly write: (message: Message) => string;
}

export function transportOver<Message>(
  pipe: StdioPipe,
  { read, write }: Lines<Message>,
  onLost: () => void,
): PipeTransport<Message> {
  const transport: PipeTransport<Message> = {
    start: () => {
      pipe.listen({
        onLine: (line) => {
          try {
            transport.onmessage?.(read(line.toString().replace(/\r$/, "")));
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
      pipe.send(write(message).trimEnd());
      return Promise.resolve();
    },
    close: async () => {
      transport.onclose?.();
      await pipe.close();
    },
  };
  return transport;
}
