/** Faults that cannot be: on links that are not there, in episodes that are not, for longer than these last. */
import { formatDuration } from "../units.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import { linksNamed, linksOf, phasesOf, splitCall } from "./resolve.ts";
import type { ScenarioOutput } from "./schema.ts";
import { toolsCalledAt, type Entry, type Survey } from "./survey.ts";

export function faultFindings({ path, value }: Entry<ScenarioOutput["faults"][number]>, surveyed: Survey): Finding[] {
  if (value === undefined) return [];
  return [...faultLinkFindings(path, value, surveyed), ...faultTimeFindings(path, value, surveyed)];
}

function faultLinkFindings(path: Path, fault: ScenarioOutput["faults"][number], surveyed: Survey): Finding[] {
  const groups = surveyed.groups.map(({ name, steps }) => ({
    name,
    steps: steps.flatMap(({ value }) => (value === undefined ? [] : [splitCall(value.call)])),
  }));
  const servers = surveyed.servers.map(({ name, value }) => ({
    name,
    upstreams: Object.entries(value?.upstreams ?? {}).map(([variable, upstream]) => ({
      variable,
      upstream,
      link: `${name}->${upstream}`,
    })),
  }));
  const links = linksOf(groups, servers);
  const named = links.filter(({ link }) => linksNamed(fault.link, links).includes(link));
  if (named.length === 0) {
    const called = links.filter(({ plane }) => plane === "agent-server").map(({ server }) => `agents->${server}`);
    const known = [...new Set([...called, ...links.map(({ link }) => link)])];
    return [{ path: [...path, "link"], says: `there is no link "${fault.link}"`, hint: suggest(fault.link, known) }];
  }
  if (fault.kind !== "lost-answer") return [];
  const [link] = named;
  const found: Finding[] = [];
  if (link?.plane === "agent-server") {
    for (const key of ["method", "path"] as const) {
      if (fault[key] !== undefined)
        found.push({
          path: [...path, key],
          atKey: true,
          says: "is for links to an upstream",
          hint: "to agents, name the tool",
        });
    }
    const tools = toolsCalledAt(link.server, surveyed);
    if (fault.tool !== undefined && !tools.includes(fault.tool)) {
      found.push({
        path: [...path, "tool"],
        says: `no chain calls "${fault.tool}" at ${link.server}`,
        hint: suggest(fault.tool, tools),
      });
    }
  } else if (fault.tool !== undefined) {
    found.push({
      path: [...path, "tool"],
      atKey: true,
      says: "is for links from agents",
      hint: "to an upstream, name the method or path",
    });
  }
  return found;
}

function faultTimeFindings(path: Path, fault: ScenarioOutput["faults"][number], { phases }: Survey): Finding[] {
  if (phases.some(({ value }) => value === undefined)) return [];
  const planned = phasesOf(phases.flatMap(({ value }) => (value === undefined ? [] : [value])));
  const episodes = planned.filter(({ role }) => role === "fault");
  const names = episodes.map(({ phase }) => phase);
  if (episodes.length === 0)
    return [
      { path, says: "there is no phase with a fault for it", hint: "add - { fault: 5s, recovery: 5s } to phases" },
    ];
  if (fault.during === undefined && episodes.length > 1) {
    return [{ path, says: "does not say during which episode", hint: `there is ${names.join(", ")}` }];
  }
  const episode = fault.during === undefined ? episodes[0] : episodes.find(({ phase }) => phase === fault.during);
  if (episode === undefined) {
    return [
      {
        path: [...path, "during"],
        says: `there is no episode "${fault.during ?? ""}"`,
        hint: suggest(fault.during ?? "", names),
      },
    ];
  }
  const endMs = (fault.at ?? 0) + (fault.for ?? 0);
  if (endMs <= episode.durationMs && (fault.at ?? 0) < episode.durationMs) return [];
  const key = fault.for === undefined ? "at" : "for";
  return [
    {
      path: [...path, key],
      says: `ends ${formatDuration(endMs)} into ${episode.phase}, whose fault phase lasts ${formatDuration(episode.durationMs)}`,
    },
  ];
}
