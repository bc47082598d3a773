/** Faults on replicas that are not there, or on a server that runs once. */
import { faultKinds } from "../faults/registry.ts";
import type { Finding } from "./mistakes.ts";
import type { Survey, SurveyedFault } from "./survey.ts";

export function faultReplicaFindings(
  { path, value, server: name, kind }: SurveyedFault,
  { servers }: Survey,
): Finding[] {
  const takesAll = faultKinds.some((known) => known.kind === kind && known.on === "process" && known.needsReplicas);
  const replica = value?.replica;
  const wrong = (key: string, says: string, hint: string): Finding[] => [
    { path: [...path, key], atKey: true, says, hint },
  ];
  if (replica !== undefined && name === undefined) {
    return wrong(
      "replica",
      "is of a server, and none is named",
      "say server: and its name, or name the link to a replica",
    );
  }
  const server = servers.find((candidate) => candidate.name === name)?.value;
  if (server === undefined) {
    const upstream = value?.upstream;
    if (!takesAll || upstream === undefined) return [];
    return wrong("upstream", `runs once, and ${kind} is for the replicas of a server`, "name a server with replicas");
  }
  const { replicas } = server;
  if (replicas === undefined) {
    const hint = `say how many: servers.${name}.replicas: 3`;
    if (replica !== undefined) return wrong("replica", `${name} has none: it runs once`, hint);
    return takesAll ? wrong("server", `${name} runs once, and ${kind} is for replicas`, hint) : [];
  }
  if (replica !== undefined && takesAll) {
    return wrong("replica", `is of no use: ${kind} is about all of them`, "take it away");
  }
  if (typeof replica === "number" && replica > replicas) {
    return wrong("replica", `${name} has ${replicas}, and this is number ${replica}`, `take 1 to ${replicas}`);
  }
  if (value?.kind === "scale-in" && value.count >= replicas) {
    return wrong(
      "count",
      `takes all ${replicas} replicas of ${name} away`,
      `take ${replicas - 1} at most, or kill them all`,
    );
  }
  return [];
}
