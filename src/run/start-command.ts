/** What a scenario's target is started with: its command and the variables that make it what it shall be. */
import { join, resolve } from "node:path";
import type { ScenarioServer, ScenarioTarget } from "../scenario/resolve.ts";
import { renderText, type Opened } from "../scenario/template.ts";
import { commandOf, fixtureNamed } from "../targets/fixtures.ts";
import type { World } from "../world.ts";
import type { Told } from "./server-links.ts";

export interface Place {
  /** Where logs and ledgers of what was started are kept. */
  readonly directory: string;
  /** Seen from where the scenario's file is. */
  readonly home: string;
  readonly world: World;
}

export interface StartCommand {
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Of a fixture or a command; the variables of its scenario come on top of these. */
export function startCommand(
  { directory, home, world }: Place,
  target: Exclude<ScenarioTarget, { readonly is: "url" }>,
  about: {
    readonly name: string;
    readonly transport?: ScenarioServer["transport"];
    readonly told?: Told | undefined;
  },
): StartCommand {
  if (target.is === "command") {
    const { command, cwd } = target;
    const [program, ...args] = command.map((text) => renderText(text, world.env, about.told));
    if (program === undefined) throw new Error(`${about.name} has no command`);
    return {
      command: [program, ...args],
      env: {},
      cwd: cwd === undefined ? home : resolve(home, cwd),
    };
  }
  const { defects } = target;
  const fixture = fixtureNamed(target.fixture);
  return {
    command: commandOf(fixture, world),
    env: {
      ...fixture.env,
      ...(about.transport === undefined ? {} : { TRANSPORT: about.transport }),
      ...(defects.length > 0 ? { DEFECTS: defects.join(",") } : {}),
      ...(fixture.sharesSessions === undefined
        ? {}
        : { SESSIONS_FILE: join(directory, "targets", `${about.name}.sessions.sqlite`) }),
      ...(fixture.ledger === undefined ? {} : { LEDGER_FILE: join(directory, "targets", `${about.name}.sqlite`) }),
    },
  };
}

export function renderAll(
  templates: Readonly<Record<string, string>>,
  world: World,
  told?: Opened,
): Record<string, string> {
  return Object.fromEntries(Object.entries(templates).map(([name, text]) => [name, renderText(text, world.env, told)]));
}
