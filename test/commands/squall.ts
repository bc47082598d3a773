/** The real command line, with its streams in memory. */
import { main } from "../../src/commands/main.ts";
import { realWorld, type World } from "../../src/world.ts";

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const squall = (...argv: string[]): Promise<Said> => squallIn(realWorld, ...argv);

export async function squallIn(world: World, ...argv: string[]): Promise<Said> {
  let stdout = "";
  let stderr = "";
  const code = await main(argv, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    colour: false,
    cwd: import.meta.dirname,
    world,
    onSignal: () => {},
  });
  return { code, stdout, stderr };
}
