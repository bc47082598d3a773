/** Opens each group's links and, once every server has been found fit for it, the sessions of its agents. */
import type { Admission } from "./admission.ts";
import type { Crew, CrewGroup } from "./crew.ts";
import type { BriefedGroup } from "./crew-messages.ts";
import { openCrews } from "./crews.ts";
import type { Dialects } from "./dialects.ts";
import { preflight } from "./preflight.ts";
import { httpTarget, type SessionTarget } from "./session-target.ts";
import type { StageOptions } from "./stage.ts";

interface Ways {
  /** The link of this group to the server: where it begins, or what starts processes over it. */
  readonly over: (group: string, server: string) => Promise<URL | SessionTarget>;
  /** Past the links to its replicas, for what must not depend on how they share their sessions. */
  readonly straightTo: (server: string) => URL | undefined;
  /** Where servers really are, past every link. */
  readonly origins: ReadonlyMap<string, URL>;
  readonly dialects: Dialects;
  readonly admission: Admission;
}

export async function openAgents(options: StageOptions, ways: Ways): Promise<Crew> {
  const { scenario, plan, closing, stopping, onStep } = options;
  const { over, straightTo, origins, dialects, admission } = ways;
  const threaded: BriefedGroup[] = [];
  const local: CrewGroup[] = [];
  for (const group of scenario.groups) {
    onStep(`greeting the servers of ${group.name}`);
    const arrivals = plan.arrivals.find((planned) => planned.group === group.name);
    if (arrivals === undefined) throw new Error(`no arrivals planned for ${group.name}`);
    const briefed: BriefedGroup["targets"][number][] = [];
    const targets: SessionTarget[] = [];
    for (const name of new Set(group.steps.map((step) => step.server))) {
      const at = await over(group.name, name);
      if (at instanceof URL) {
        briefed.push({ server: name, url: at.href, ...admission.brief(group.name, name) });
        targets.push(httpTarget(name, { url: at, ...admission.to(group.name, name) }));
      } else targets.push(at);
    }
    const greeted = targets.map((target) => {
      const url = straightTo(target.server);
      const straight = (to: URL) => httpTarget(target.server, { url: to, ...admission.to(group.name, target.server) });
      return dialects.speakingTo(url === undefined ? target : straight(url));
    });
    dialects.learn(await preflight(group, greeted, { ...options, origins }));
    // What holds the pipe of a process cannot be handed to another thread.
    if (briefed.length === targets.length) threaded.push({ group, arrivals, targets: briefed.map(dialects.with) });
    else local.push({ group, arrivals, targets: targets.map(dialects.speakingTo) });
  }
  onStep("opening the agents' sessions");
  const { tokens } = admission;
  const crew = options.openLoad?.(threaded, admission, local) ?? openCrews({ ...options, threaded, local, tokens });
  closing.defer("the agents", () => crew.close());
  await crew.open(stopping);
  return crew;
}
