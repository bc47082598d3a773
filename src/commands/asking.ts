/** The words by which a server is asked for where there is no scenario: the same for `init` and `probe`. */
import type { Command } from "commander";
import { collect, mcpConfigOption } from "./options.ts";

export function askingFor(command: Command): Command {
  return command
    .argument(
      "[server...]",
      "the URL of an MCP server that runs; or -- and a command that speaks stdio; or both: the URL at which the command " +
        "answers, with ${port} for a free port; or with --mcp-config a server's name",
    )
    .option(...mcpConfigOption)
    .option(
      "--header <name: value>",
      "sent with every request, such as 'authorization: Bearer ${env.TOKEN}'",
      collect,
      [],
    )
    .option(
      "--allow-tool <tool>",
      "a tool that may be called though it does not say that it only reads; several times",
      collect,
      [],
    )
    .option("--samples <file>", "arguments for tools, as YAML or JSON: tool: { name: value }")
    .option(
      "--upstream <variable=url>",
      "what the server talks to: its variable gets a link that can be broken",
      collect,
      [],
    )
    .option(
      "--egress <host:port>",
      "the same where no variable says it: over a proxy that the server is told of",
      collect,
      [],
    )
    .option("--allow-host <host>", "a host beside loopback that may be loaded and broken; several times", collect, []);
}
