/**
 * What a person asks to be probed: a server that runs, a command, or a server of an MCP client's file; and what lies
 * behind it. Comes in: the words of the command line. Goes out: the sections of a scenario, or what is wrong with them.
 */
import { resolve } from "node:path";
import { UserError, type Mistake } from "../../errors.ts";
import { destinationIn, type Destination } from "../../history/destination.ts";
import { openMcpConfig, type ConfiguredTarget } from "../../scenario/mcp-config.ts";
import { suggest } from "../../scenario/mistakes.ts";
import { isServerName } from "../../scenario/schema.ts";
import { withoutSecrets } from "../../scenario/secrets.ts";
import { isMap, listAt } from "../../scenario/survey.ts";
import { soundsSecret } from "../../scenario/template.ts";

export interface AskedOptions {
  readonly mcpConfig?: string;
  readonly upstream: readonly string[];
  readonly egress: readonly string[];
  readonly header: readonly string[];
}

export interface Asked {
  readonly server: string;
  readonly transport: "http" | "stdio";
  /** Squall starts it, so that it can be told of links, and its process be broken. */
  readonly isStarted: boolean;
  readonly upstreams: readonly AskedUpstream[];
  /** As a scenario has them. */
  readonly sections: { readonly servers: Section; readonly upstreams?: Section };
  /** As a person calls it. */
  readonly named: string;
}

export interface AskedUpstream {
  readonly name: string;
  /** Of others only bytes are seen. */
  readonly isHttp: boolean;
}

type Section = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Target {
  readonly server: string;
  readonly transport: "http" | "stdio";
  readonly isStarted: boolean;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly named: string;
}

export async function askedFor(words: readonly string[], options: AskedOptions, cwd: string): Promise<Asked> {
  const { mcpConfig } = options;
  const target =
    mcpConfig === undefined ? targetIn(words, cwd) : await configured(words, resolve(cwd, mcpConfig), mcpConfig);
  const mistakes: Mistake[] = [];
  const headers = headersIn(options.header, target, mistakes);
  const told = toldUpstreams(options.upstream, mistakes);
  const mapped = mappedUpstreams(options.egress, told, mistakes);
  const behind = [...told, ...mapped];
  if (behind.length > 0 && !target.isStarted) {
    const says = "cannot be led over a link: the server runs already, and knows its upstream's address";
    const hint = "let Squall start it: squall probe [url] -- command…";
    mistakes.push({ path: told.length > 0 ? "--upstream" : "--egress", says, hint });
  }
  if (mistakes.length > 0) throw new UserError("the probe cannot begin", { mistakes });
  const keys = {
    ...target.keys,
    ...(headers === undefined ? {} : { headers }),
    ...(told.length === 0 ? {} : { upstreams: Object.fromEntries(told.map(({ variable, name }) => [variable, name])) }),
    ...(mapped.length === 0
      ? {}
      : { egress: { hosts: Object.fromEntries(mapped.map(({ destination, name }) => [destination, name])) } }),
  };
  return {
    server: target.server,
    transport: target.transport,
    isStarted: target.isStarted,
    named: target.named,
    upstreams: behind.map(({ name, isHttp }) => ({ name, isHttp })),
    sections: {
      ...(behind.length === 0
        ? {}
        : { upstreams: Object.fromEntries(behind.map(({ name, url, isHttp }) => [name, upstreamKeys(url, isHttp)])) }),
      servers: { [target.server]: keys },
    },
  };
}

const usage = "squall probe http://127.0.0.1:3001/mcp, or squall probe -- node server.js";

function targetIn(words: readonly string[], cwd: string): Target {
  const [first, ...rest] = words;
  if (first === undefined) throw refused("no server is named", `for example ${usage}`);
  if (/^https?:\/\//i.test(first)) {
    const [program] = rest;
    const keys = program === undefined ? { url: first } : { command: rest, url: first, cwd };
    return {
      server: "server",
      transport: "http",
      isStarted: program !== undefined,
      keys,
      named: [...rest, first].join(" "),
    };
  }
  if (words.length === 1) refuseSlip(first);
  const keys = { transport: "stdio", command: [...words], cwd };
  return { server: "server", transport: "stdio", isStarted: true, keys, named: shownCommand(words) };
}

/** Arguments that sound secret are not told. */
function shownCommand(words: readonly string[]): string {
  const hidden = withoutSecrets({ command: words });
  return isMap(hidden) ? listAt(hidden["command"]).join(" ") : "";
}

/** One word that is surely no program. */
function refuseSlip(word: string): void {
  if (/\.ya?ml$|\.scenario\.[mc]?[jt]s$/.test(word)) throw refused(`${word} is a scenario`, `squall run ${word}`);
  if (/^[\w.-]+:\d+(?:\/|$)|^localhost\//.test(word)) {
    throw refused(`"${word}" is an address without http://`, `squall probe http://${word}`);
  }
  if (/^\S+\s+\S/.test(word)) {
    throw refused(`"${word}" is one word, and no program is called so`, `without the quotes: squall probe -- ${word}`);
  }
}

function refused(says: string, hint: string): UserError {
  return new UserError(says, {
    mistakes: [{ path: "", says: "expected the URL of an MCP server, or its command", hint }],
  });
}

async function configured(words: readonly string[], file: string, named: string): Promise<Target> {
  const config = await openMcpConfig(file, named);
  if ("broken" in config) throw new UserError("the client's file is wrong", { mistakes: config.broken });
  const { names } = config;
  const [name = names.length === 1 ? names[0] : undefined, ...others] = words;
  const mistake = (says: string): UserError =>
    new UserError("the probe needs one server of the client's file", {
      mistakes: [{ path: "", file: named, says, hint: suggest(name ?? "", names) }],
    });
  if (name === undefined) throw mistake(`it has ${names.length} servers, and none is named`);
  if (others.length > 0) throw mistake("with --mcp-config expected the name of one server, and no command");
  const entry = config.server(name);
  if (entry === undefined) throw mistake(`there is no server "${name}"`);
  const target: ConfiguredTarget | undefined = entry.target;
  if (target === undefined || entry.findings.length > 0) {
    throw new UserError("the client's file is wrong", {
      mistakes: entry.findings.map((finding) => config.mistakeOf(finding)),
    });
  }
  const { transport } = target;
  const isPlain = isServerName(name);
  const keys = isPlain ? {} : { config: name };
  return { server: isPlain ? name : "server", transport, isStarted: transport === "stdio", keys, named: name };
}

function headersIn(
  given: readonly string[],
  { transport, isStarted }: Target,
  mistakes: Mistake[],
): Record<string, string> | undefined {
  if (given.length === 0) return undefined;
  if (transport === "stdio") {
    mistakes.push({ path: "--header", says: "is of no use: there are no headers over stdio" });
    return undefined;
  }
  const headers: Record<string, string> = {};
  for (const text of given) {
    const [, name = "", value = ""] = /^([\w-]+)\s*[:=]\s*(.*)$/s.exec(text) ?? [];
    if (name === "" || value === "") {
      const hint = "for example --header 'authorization: Bearer ${env.TOKEN}'";
      mistakes.push({ path: "--header", says: "expected a name and a value", hint });
    } else if (soundsSecret(name) && !value.includes("${")) {
      const hint = `TOKEN=… squall probe ${isStarted ? "…" : "URL"} --header '${name}: Bearer \${env.TOKEN}'`;
      mistakes.push({ path: "--header", says: `${name} would stand in the saved scenario: name a variable`, hint });
    } else headers[name] = value;
  }
  return headers;
}

interface Behind extends AskedUpstream {
  readonly url: string;
}

function toldUpstreams(given: readonly string[], mistakes: Mistake[]): (Behind & { readonly variable: string })[] {
  const found: (Behind & { readonly variable: string })[] = [];
  for (const text of given) {
    const [, variable = "", url = ""] = /^([A-Za-z_]\w*)=([a-z][\w+.-]*:\/\/.+)$/is.exec(text) ?? [];
    if (variable === "") {
      const hint = "for example --upstream API_URL=http://127.0.0.1:9000";
      mistakes.push({ path: "--upstream", says: "expected VARIABLE=url", hint });
    } else found.push({ variable, name: freeName(nameOf(variable), found), url, isHttp: /^http:/i.test(url) });
  }
  return found;
}

function mappedUpstreams(
  given: readonly string[],
  taken: readonly AskedUpstream[],
  mistakes: Mistake[],
): (Behind & { readonly destination: string })[] {
  const found: (Behind & { readonly destination: string })[] = [];
  for (const text of given) {
    const destination = destinationIn(text.replace(/^http:\/\//i, ""));
    if (destination === undefined) {
      const hint = "for example --egress api.example.com:443";
      mistakes.push({ path: "--egress", says: "expected a host and its port", hint });
      continue;
    }
    const isHttp = speaksPlainly(destination);
    const at = text.replace(/^http:\/\//i, "");
    const name = freeName(nameOf(destination.host), [...taken, ...found]);
    found.push({ destination: at, name, url: `${isHttp ? "http" : "tcp"}://${at}`, isHttp });
  }
  return found;
}

/** What goes to these ports of TLS passes unread. */
function speaksPlainly({ port }: Destination): boolean {
  return port !== 443 && port !== 8443;
}

function upstreamKeys(url: string, isHttp: boolean): Record<string, unknown> {
  return isHttp ? { url } : { url, protocol: "tcp" };
}

/** `BILLING_API_URL` is billing-api, `api.example.com` is api-example-com. */
function nameOf(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const short = plain.replace(/(?:-(?:url|uri|dsn|host|address|endpoint|base))+$/, "").replace(/^-+|-+$/g, "");
  return short === "" ? "upstream" : short.slice(0, 60);
}

function freeName(name: string, taken: readonly AskedUpstream[]): string {
  const names = new Set(["server", ...taken.map((one) => one.name)]);
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    if (!names.has(candidate)) return candidate;
  }
}
