import type { World } from "../world.ts";

/** All that a command may touch of the process it runs in, so that tests run real commands in memory. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether results may be coloured. */
  readonly colour: boolean;
  /** How wide the line is that progress may redraw; absent where it may not. */
  readonly liveColumns?: number;
  readonly cwd: string;
  readonly world: World;
  readonly onSignal: (listener: (signal: "SIGINT" | "SIGTERM") => void) => void;
}
