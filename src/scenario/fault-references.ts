/** Faults that cannot be: on links that are not there, in episodes that are not, for longer than these last. */
import type { Only } from "../faults/kinds.ts";
import { faultKindNamed } from "../faults/registry.ts";
import type { DeclaredLink } from "../history/declared.ts";
import { formatDuration } from "../units.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import { episodesIn } from "./phase-references.ts";
import { linksNamed } from "./fault-places.ts";
import { isWellPlaced, linkNames, placeFindings } from "./place-references.ts";
import { faultReplicaFindings } from "./replica-references.ts";
import { conditionFindings, rampFindings, waitingFindings } from "./schedule-references.ts";
import type { ScenarioOutput } from "./schema.ts";
import { linksIn, toolsCalledAt, type Survey, type SurveyedFault } from "./survey.ts";

type Fault = ScenarioOutput["faults"][number];

export function faultFindings(fault: SurveyedFault, surveyed: Survey): Finding[] {
  const { path, value } = fault;
  return [
    ...placeFindings(fault, surveyed),
    ...faultReplicaFindings(fault, surveyed),
    ...faultLinkFindings(fault, surveyed),
    ...(value === undefined ? [] : conditionFindings(path, value, surveyed)),
    ...faultTimeFindings(fault, surveyed),
  ];
}

function faultLinkFindings(fault: SurveyedFault, surveyed: Survey): Finding[] {
  const { path, link = [] } = fault;
  if (!isWellPlaced(fault)) return [];
  if (typeof link === "string") return oneLinkFindings(fault, [...path, "link"], link, surveyed);
  return link.flatMap((name, index) => oneLinkFindings(fault, [...path, "link", index], name, surveyed));
}

function oneLinkFindings({ path, value }: SurveyedFault, linkPath: Path, name: string, surveyed: Survey): Finding[] {
  const links = linksIn(surveyed);
  const named = linksNamed(name, links);
  const link = links.find((candidate) => named.includes(candidate.link));
  if (link !== undefined) {
    if (value === undefined) return [];
    const at = { path, fault: value, link };
    return [...stdioFindings(at, name), ...formFindings(at, name), ...ruleFindings(at, surveyed)];
  }
  if (!surveyed.read.servers || !surveyed.read.wiring || !surveyed.read.chains) return [];
  const direct = directServer(name, surveyed);
  if (direct !== undefined) {
    const says = `cannot be broken: agents call ${direct} straight`;
    return [{ path: linkPath, says, hint: `take direct away from servers.${direct}` }];
  }
  return [{ path: linkPath, says: `there is no link "${name}"`, hint: suggest(name, linkNames(surveyed)) }];
}

/** The server that agents would reach over this link if they did not call it straight. */
function directServer(link: string, { servers }: Survey): string | undefined {
  const [, server] = /(?:^agents\s*(?:→|->)\s*|@)(.+)$/.exec(link) ?? [];
  return servers.find(({ name, value }) => name === server && value?.direct === true)?.name;
}

interface FaultAt {
  readonly path: Path;
  readonly fault: Fault;
  readonly link: DeclaredLink;
}

function stdioFindings({ path, fault, link }: FaultAt, name: string): Finding[] {
  if (link.protocol !== "stdio") return [];
  const loseAnswers = "lost-answer with instead: hang";
  const kind = faultKindNamed(fault.kind);
  if (kind.plane === "network") {
    const says = `${fault.kind} breaks a network, and ${name} is a stdio link, which has none`;
    return [{ path: [...path, "kind"], says, hint: `break the links to its upstreams, or use ${loseAnswers}` }];
  }
  if (kind.only?.wire === "http") {
    const says = `${fault.kind} is for HTTP, and ${name} is a stdio link`;
    return [{ path: [...path, "kind"], says, hint: "use rpc-error or tool-error" }];
  }
  if (onlyFormOf(fault)?.wire === "http") {
    const says = `is for HTTP, and ${name} is a stdio link`;
    return [{ path: [...path, "form"], says, hint: "use malformed, truncated or wrong-id" }];
  }
  if (!("instead" in fault) || fault.instead === "hang") return [];
  const says = `cannot ${fault.instead} on a stdio link: all calls share one pipe, and its end is the server's end`;
  return [{ path: [...path, "instead"], says, hint: `use ${fault.kind} with instead: hang` }];
}

function onlyFormOf(fault: Fault): Only | undefined {
  return "form" in fault && fault.form !== undefined ? faultKindNamed(fault.kind).onlyForms?.[fault.form] : undefined;
}

const planesInWords = { "agent-server": "links from agents", "server-upstream": "links to an upstream" } as const;

/** Whether the kind, or the form of it, can be on such a link at all. */
function formFindings({ path, fault, link }: FaultAt, name: string): Finding[] {
  const { only } = faultKindNamed(fault.kind);
  // Behind the balancer MCP is spoken as before it.
  const at = link.plane === "server-upstream" ? link.plane : "agent-server";
  if (only?.plane !== undefined && only.plane !== at) {
    const says = `${fault.kind} is for ${planesInWords[only.plane]}, and ${name} is none`;
    const hint = only.plane === "agent-server" ? "to an upstream, use http-status" : "use a link to an upstream";
    return [{ path: [...path, "kind"], says, hint }];
  }
  if (only?.wire === "stdio" && link.protocol !== "stdio") {
    const says = `${fault.kind} is for stdio, and ${name} is a link over HTTP`;
    return [{ path: [...path, "kind"], says, hint: "use malformed-answer or lost-answer" }];
  }
  const plane = onlyFormOf(fault)?.plane;
  if (plane === undefined || plane === at) return [];
  return [{ path: [...path, "form"], says: `is for ${planesInWords[plane]}, and ${name} is none` }];
}

/** Why no rule can be on a link over which HTTP+SSE is spoken. */
export function noAnswersOfItsOwn(kind: string, server: string): { readonly says: string; readonly hint: string } {
  return {
    says: `${kind} is for single requests, and ${server} speaks HTTP+SSE (2024-11-05), where no request has an answer of its own`,
    hint: "break the network with reset or egress-block, or the links to its upstreams",
  };
}

/** Whether a fault that singles out requests does so by what they have. */
function ruleFindings({ path, fault, link }: FaultAt, surveyed: Survey): Finding[] {
  if (faultKindNamed(fault.kind).plane !== "protocol") return [];
  const asking: Readonly<Record<string, unknown>> = fault;
  const found: Finding[] = [];
  const misplaced = (key: "tool" | "rpc" | "method" | "path", says: string, hint: string): void => {
    if (asking[key] !== undefined) found.push({ path: [...path, key], atKey: true, says, hint });
  };
  if (link.plane === "server-upstream") {
    for (const key of ["tool", "rpc"] as const) {
      misplaced(key, "is for links from agents", "to an upstream, name the method or path");
    }
    const upstream = surveyed.upstreams.find(({ name }) => link.link === `${link.server}->${name}`);
    if (upstream?.value?.protocol === "tcp") {
      const says = `${fault.kind} must tell requests apart, and ${upstream.name} speaks plain tcp`;
      found.push({ path: [...path, "kind"], says, hint: "on such a link, egress-block with how: reset comes closest" });
    }
    return found;
  }
  const server = surveyed.servers.find(({ name }) => name === link.server);
  if (server?.value?.protocol === "2024-11-05" && server.value.transport === "http") {
    const { says, hint } = noAnswersOfItsOwn(fault.kind, link.server);
    return [{ path: [...path, "kind"], says, hint }];
  }
  misplaced("method", "is for links to an upstream", "to agents, name the tool");
  misplaced("path", "is for links to an upstream", "to agents, name the tool");
  const { tool, rpc = "tools/call" } = asking;
  if (tool === undefined) return found;
  if (rpc !== "tools/call") {
    const hint = "leave out the one or the other";
    return [
      ...found,
      { path: [...path, "tool"], atKey: true, says: `is for tools/call, not for ${String(rpc)}`, hint },
    ];
  }
  const tools = toolsCalledAt(link.server, surveyed);
  if (surveyed.read.chains && typeof tool === "string" && !tools.includes(tool)) {
    const says = `no chain calls "${tool}" at ${link.server}`;
    found.push({ path: [...path, "tool"], says, hint: suggest(tool, tools) });
  }
  return found;
}

function swizzleFindings(path: Path, fault: Fault, places: number): Finding[] {
  // A link that is not there is a mistake of its own.
  if (fault.swizzle === undefined || places !== 1) return [];
  const [link = ""] = fault.link === undefined ? [] : [fault.link].flat();
  const says = `is for faults on several links, and ${fault.server ?? fault.upstream ?? link} is one`;
  const hint = "name a list of links, or agents->server, which is a link for each group";
  return [{ path: [...path, "swizzle"], atKey: true, says, hint }];
}

function faultTimeFindings(fault: SurveyedFault, surveyed: Survey): Finding[] {
  const { path, link, during, value } = fault;
  const { phases } = surveyed;
  const episodes = episodesIn(phases);
  // Where there is no phase at all, the schema has said so.
  if (episodes === undefined || phases.length === 0) return [];
  const names = episodes.map(({ phase }) => phase);
  if (names.length === 0) {
    const hint = "add - { fault: 5s, recovery: 5s } to phases";
    return [{ path, says: "there is no phase with a fault for it", hint }];
  }
  if (during === undefined && names.length > 1) {
    return [{ path, says: "does not say during which episode", hint: `there is ${names.join(", ")}` }];
  }
  const episode = during === undefined ? episodes[0] : episodes.find(({ phase }) => phase === during);
  if (episode === undefined) {
    const says = `there is no episode "${during ?? ""}"`;
    return [{ path: [...path, "during"], says, hint: suggest(during ?? "", names) }];
  }
  if (value === undefined) return [];
  const places = link === undefined ? 1 : linksNamed(link, linksIn(surveyed)).length;
  const tooLong = lengthFindings(path, value, episode);
  return [
    ...tooLong,
    ...swizzleFindings(path, value, places),
    ...rhythmFindings(path, value, { places, episode }),
    ...(tooLong.length > 0 ? [] : waitingFindings(path, value, episode)),
    ...rampFindings(path, value, value.for ?? episode.durationMs - (value.at ?? 0)),
  ];
}

/** A fault that comes and goes must do so once at least, and the last link must break before the first one heals. */
function rhythmFindings(
  path: Path,
  { kind, at = 0, for: lasts, every, swizzle }: Fault,
  { places, episode: { durationMs } }: { readonly places: number; readonly episode: { readonly durationMs: number } },
): Finding[] {
  const lengthMs = lasts ?? durationMs - at;
  const found: Finding[] = [];
  const add = (key: "every" | "swizzle", says: string, hint: string): void => {
    found.push({ path: [...path, key], atKey: true, says, hint });
  };
  if (every !== undefined && kind === "flap") {
    add(
      "every",
      "has no place here: a flap has a rhythm of its own",
      "use down, up and jitter, or egress-block with every",
    );
  } else if (every !== undefined && every.on >= lengthMs) {
    add(
      "every",
      `its first spell takes all of the ${formatDuration(lengthMs)}`,
      "leave every out, or take less than that",
    );
  }
  const ordersMs = (swizzle ?? 0) * (places - 1);
  if (ordersMs > 0 && 2 * ordersMs >= lengthMs) {
    const says = `breaking ${places} links takes ${formatDuration(ordersMs)} and healing them as long again, and the fault lasts ${formatDuration(lengthMs)}`;
    add(
      "swizzle",
      says,
      `take less than ${formatDuration(Math.floor(lengthMs / 2 / (places - 1)))}, or let the fault last longer`,
    );
  }
  return found;
}

function lengthFindings(
  path: Path,
  { at = 0, for: lasts = 0 }: Fault,
  { phase, durationMs }: { readonly phase: string; readonly durationMs: number },
): Finding[] {
  const limit = `${phase}, whose fault phase lasts ${formatDuration(durationMs)}`;
  if (at >= durationMs) return [{ path: [...path, "at"], says: `begins ${formatDuration(at)} into ${limit}` }];
  if (at + lasts <= durationMs) return [];
  return [{ path: [...path, "for"], says: `ends ${formatDuration(at + lasts)} into ${limit}` }];
}
