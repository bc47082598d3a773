/** Faults that name no place, two, one that is not there, or one that their kind cannot break. */
import type { FaultKind } from "../faults/kinds.ts";
import { faultKinds } from "../faults/registry.ts";
import { linksNamed } from "./fault-places.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import { linksIn, type Survey, type SurveyedFault } from "./survey.ts";

type PlaceKey = SurveyedFault["places"][number];

export function placeFindings(fault: SurveyedFault, surveyed: Survey): Finding[] {
  const { path, places } = fault;
  const [first, second] = places;
  if (first !== undefined && second !== undefined) {
    const says = `one fault breaks one place, and ${first} names one already`;
    return [{ path: [...path, second], atKey: true, says, hint: "make it two faults" }];
  }
  const kind = faultKinds.find((known) => known.kind === fault.kind);
  if (kind === undefined) return [];
  if (first === undefined) return [missing(path, kind, surveyed)];
  if ((first === "link") !== (kind.on === "link")) return [misplaced(fault, kind, surveyed)];
  if (first === "link") return [];
  const name = fault[first];
  return name === undefined ? [] : targetFindings({ path, role: first, name }, surveyed);
}

/** Whether it names what its kind may break; else nothing more can be told of the place. */
export function isWellPlaced({ places, kind: name }: SurveyedFault): boolean {
  const kind = faultKinds.find((known) => known.kind === name);
  return places.length === 1 && (kind === undefined || (kind.on === "link") === (places[0] === "link"));
}

function missing(path: Path, kind: FaultKind, surveyed: Survey): Finding {
  if (kind.on === "link") {
    return {
      path: [...path, "link"],
      says: `is missing: ${kind.kind} breaks a link`,
      hint: thereIs(linkNames(surveyed)),
    };
  }
  const says = `is missing: ${kind.kind} breaks the processes of a server or an upstream`;
  return { path: [...path, "server"], says, hint: thereIs(targetNames(surveyed)) };
}

function misplaced(fault: SurveyedFault, kind: FaultKind, surveyed: Survey): Finding {
  const [key = "link"] = fault.places;
  const path = [...fault.path, key];
  const name = fault[key] ?? "";
  if (kind.on === "process") {
    const ends = linksIn(surveyed)
      .filter(({ link }) => linksNamed(name, linksIn(surveyed)).includes(link))
      .flatMap(({ link, server }) => {
        const [, upstream] = link.split("->");
        return upstream === undefined ? [`server: ${server}`] : [`server: ${server}`, `upstream: ${upstream}`];
      });
    const says = `${kind.kind} breaks processes, and this names a link`;
    const hint = ends.length > 0 ? `say ${[...new Set(ends)].join(" or ")}` : thereIs(targetNames(surveyed));
    return { path, atKey: true, says, hint };
  }
  const near = linkNames(surveyed).filter((link) => link.split(/->|@/).includes([name].flat().join()));
  const says = `${kind.kind} breaks a link, and this names processes`;
  return { path, atKey: true, says, hint: thereIs(near.length > 0 ? near : linkNames(surveyed), "link: ") };
}

function targetFindings(
  { path, role, name }: { readonly path: Path; readonly role: "server" | "upstream"; readonly name: string },
  { servers, upstreams, read }: Survey,
): Finding[] {
  const at = [...path, role];
  const [own, others] = role === "server" ? [servers, upstreams] : [upstreams, servers];
  const target = own.find((candidate) => candidate.name === name);
  if (target === undefined) {
    if (role === "server" && !read.servers) return [];
    const isOther = others.some((candidate) => candidate.name === name);
    const other = role === "server" ? "upstream" : "server";
    const known = own.map((candidate) => candidate.name);
    const hint = isOther ? `it is the ${other}: say ${other}: ${name}` : suggest(name, known);
    return [{ path: at, says: `there is no ${role} "${name}"`, hint }];
  }
  const { value } = target;
  if (value === undefined || value.fixture !== undefined || value.command !== undefined) return [];
  const says = `cannot be broken: ${name} has only a url, so Squall does not start it and must not end it`;
  return [{ path: at, says, hint: "start it with a command, or break a link to it" }];
}

/** As scenarios write them: `agents->server` for the links of all groups. */
export function linkNames(surveyed: Survey): readonly string[] {
  const links = linksIn(surveyed);
  const called = links.filter(({ plane }) => plane === "agent-server").map(({ server }) => `agents->${server}`);
  return [...new Set([...called, ...links.map(({ link }) => link)])];
}

function targetNames({ servers, upstreams }: Survey): readonly string[] {
  const said =
    (role: PlaceKey) =>
    (target: { readonly name: string }): string =>
      `${role}: ${target.name}`;
  return [...servers.map(said("server")), ...upstreams.map(said("upstream"))];
}

function thereIs(names: readonly string[], before = ""): string {
  return names.length === 0 ? "there is none yet" : `there is ${names.map((name) => `${before}${name}`).join(", ")}`;
}
