/** The command line of the probe itself, for what its first calls have shown: all that decided what they would be. */
import { withoutSecrets } from "../../scenario/secrets.ts";
import { isMap, listAt } from "../../scenario/survey.ts";
import { quoted } from "../replay.ts";
import type { AskedOptions } from "./asked.ts";

export interface AgainOptions extends AskedOptions {
  readonly seed: number;
  readonly allowTool: readonly string[];
  readonly allowHost: readonly string[];
  readonly samples?: string;
}

/** `words` are the server, as it was asked for. What sounds secret must be given again. */
export function againOf(words: readonly string[], options: AgainOptions): string {
  const { seed, allowTool, allowHost, header, upstream, egress, samples, mcpConfig } = options;
  const flags = [
    ...allowTool.flatMap((tool) => ["--allow-tool", tool]),
    ...allowHost.flatMap((host) => ["--allow-host", host]),
    ...header.flatMap((line) => ["--header", line]),
    ...upstream.flatMap((told) => ["--upstream", told]),
    ...egress.flatMap((destination) => ["--egress", destination]),
    ...(samples === undefined ? [] : ["--samples", samples]),
    ...(mcpConfig === undefined ? [] : ["--mcp-config", mcpConfig]),
  ];
  const [first = "", ...rest] = words;
  // A URL, or a name in a client's file, stands before the dashes; a command that is started for it behind them.
  const isNamed = mcpConfig !== undefined || /^https?:\/\//i.test(first);
  const server = isNamed ? [...words.slice(0, 1), ...(rest.length > 0 ? ["--", ...rest] : [])] : ["--", ...words];
  return ["squall probe", `--seed ${seed}`, ...shown([...flags, ...server]).map(quoted)].join(" ");
}

function shown(words: readonly string[]): readonly string[] {
  const hidden = withoutSecrets({ command: words });
  return isMap(hidden) ? listAt(hidden["command"]).map(String) : [];
}
