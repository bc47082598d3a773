/** The egress gateway of a server: its links, the proxy in front of them, and the variables that lead there. */
import type { Address } from "../engines/engine.ts";
import { UserError } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import { openGateway } from "../links/egress/gateway.ts";
import type { ScenarioServer } from "../scenario/resolve.ts";
import { eachLinkOnce, egressVariables, type EgressHost } from "../scenario/egress.ts";
import type { StageOptions } from "./stage.ts";

export async function openEgress(
  { world, recorder, closing }: Pick<StageOptions, "world" | "recorder" | "closing">,
  { name, egress }: ScenarioServer,
  on: {
    /** Opens the link to an upstream; answers where it begins. */
    readonly open: (host: EgressHost) => Promise<URL>;
    /** Where its other links begin. */
    readonly own: readonly URL[];
  },
): Promise<Record<string, string>> {
  if (egress === undefined) return {};
  const begins = new Map<string, Address>();
  for (const host of eachLinkOnce(egress.hosts)) {
    const { hostname, port } = await on.open(host);
    begins.set(host.link, { host: hostname, port: Number(port) });
  }
  const links = new Map(
    egress.hosts.flatMap(({ destination, link }) => {
      const at = begins.get(link);
      return at === undefined ? [] : [[destination, at] as const];
    }),
  );
  const own = new Set(on.own.map(({ host }) => host));
  const { unexpected, allowHosts } = egress;
  const gateway = await openGateway({ server: name, links, own, unexpected, allowHosts, recorder, world });
  closing.defer(`the egress gateway of ${name}`, () => gateway.close());
  return egressVariables(`http://${gateway.address.host}:${gateway.address.port}`, egress.hosts);
}

const refusedToldMax = 5;

/**
 * A server may not even start for want of what its gateway refused (what `npx` fetches, say), and its own last words
 * seldom tell: then the error does.
 */
export async function tellingRefusals<Options extends StageOptions, T>(
  options: Options,
  open: (options: Options) => Promise<T>,
): Promise<T> {
  const { recorder, scenario } = options;
  if (scenario.servers.every(({ egress }) => egress === undefined)) return open(options);
  const refused = new Set<string>();
  const record: Recorder["record"] = (event) => {
    if (event.type === "egress" && !event.passed && refused.size < refusedToldMax) {
      const host = event.destination.replace(/:\d+$/, "");
      refused.add(
        `the egress gateway of ${event.server} refused ${event.destination}: if it needs that, --allow-host ${host}`,
      );
    }
    return recorder.record(event);
  };
  try {
    return await open({ ...options, recorder: { ...recorder, record } });
  } catch (error) {
    if (!(error instanceof UserError) || refused.size === 0) throw error;
    const { message, exitCode, mistakes, cause } = error;
    throw new UserError([message, ...refused].join("\n  "), { exitCode, mistakes, cause });
  }
}
