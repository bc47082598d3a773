/** What may stand in the settings of targets, which are read before any op exists. */
import type { Finding } from "./mistakes.ts";
import type { ScenarioOutput } from "./schema.ts";
import type { Surroundings } from "./targets.ts";
import { partsIn, type Part } from "./template.ts";

type Target = ScenarioOutput["upstreams"][string] | ScenarioOutput["servers"][string];

/** Settings know the environment, `${port}` and what a server is told. */
export function settingFindings(value: Target, path: Finding["path"], { env }: Surroundings): Finding[] {
  const isServer = "transport" in value;
  const { url, command } = value;
  const settings = {
    url,
    command,
    env: value.env,
    ...(isServer ? { headers: value.headers, files: value.files } : {}),
  };
  return partsIn(settings, path).flatMap(({ path: at, part, offset }): Finding[] => {
    if (part.is === "text") return [];
    if (part.is === "env") return variableFindings(at, part, env).map((found) => ({ ...found, offset }));
    const key = String(at[path.length]);
    const isTold = isServer && ["command", "env", "files"].includes(key);
    const fits = {
      port: key !== "headers" && key !== "files",
      link: isTold,
      file: isTold && key !== "files",
    };
    if (part.is === "saved" && part.name === "port" && fits.port) return [];
    if ((part.is === "link" || part.is === "file") && fits[part.is]) return [];
    return [{ path: at, offset, ...settingSays(part, fits, key === "files") }];
  });
}

function settingSays(
  part: Part,
  fits: { readonly port: boolean; readonly link: boolean; readonly file: boolean },
  isFile: boolean,
): Pick<Finding, "says" | "hint"> {
  if (part.is === "wrong" && part.given.startsWith("links.")) return { says: part.says };
  const known = [
    "${env.NAME}",
    ...(fits.port ? ["${port}"] : []),
    ...(fits.link ? ["${links.NAME.url}"] : []),
    ...(fits.file ? ["${files.NAME}"] : []),
  ];
  const says = `only ${known.join(", ").replace(/, ([^,]*)$/, " and $1")} may stand here`;
  if (!isFile) return { says };
  return { says: `${says}, got \${${insideOf(part)}}`, hint: `for a plain \${ write $\${` };
}

function insideOf(part: Part): string {
  if (part.is === "file") return `files.${part.name}`;
  if (part.is === "wrong") return part.given;
  return "name" in part ? part.name : "…";
}

/** A variable that is not set and has no default. */
export function variableFindings(
  path: Finding["path"],
  { name, otherwise }: Extract<Part, { readonly is: "env" }>,
  env: Surroundings["env"],
): Finding[] {
  if (env[name] !== undefined || otherwise !== undefined) return [];
  const hint = `set it, or give a default: \${env.${name}:-value}`;
  return [{ path, says: `the variable ${name} is not set`, hint }];
}
