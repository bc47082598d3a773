import type { World } from "../world.ts";

export interface Screen {
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly colour: boolean;
}

/** All that a command may touch of the process it runs in, so that tests run real commands in memory. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether results may be coloured. */
  readonly colour: boolean;
  /** The terminal that progress may redraw; absent where it may not. */
  readonly screen?: Screen;
  readonly cwd: string;
  readonly world: World;
  readonly onSignal: (listener: (signal: "SIGINT" | "SIGTERM") => void) => void;
}
