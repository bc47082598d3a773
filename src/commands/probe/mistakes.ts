/** What goes wrong at first contact, said to somebody who has written no scenario. */
import { UserError, type Mistake } from "../../errors.ts";

/** Throws it again, in the words of this command. */
export function inProbeWords(error: unknown): never {
  if (!(error instanceof UserError)) throw error;
  const { exitCode, cause } = error;
  const message = error.message.replace(
    /^the scenario has (?:a mistake|\d+ mistakes); /,
    "the server cannot be probed; ",
  );
  throw new UserError(message, { exitCode, cause, mistakes: error.mistakes.map(asOption) });
}

function asOption({ path, says, hint, file, ...place }: Mistake): Mistake {
  const isOurs = file === undefined || /(?:look|squall-probe)\.yaml$/.test(file);
  const [, of = ""] = /^(?:servers|upstreams)\.[\w-]+\.(\w+)/.exec(path) ?? [];
  return {
    path: isOurs ? (options[of] ?? path) : path,
    says,
    ...(hint === undefined ? {} : { hint: asCommand(hint) }),
    ...(isOurs ? {} : { file, ...place }),
  };
}

const options: Readonly<Record<string, string>> = {
  url: "the URL",
  command: "the command",
  headers: "--header",
  egress: "--egress",
  upstreams: "--upstream",
};

function asCommand(hint: string): string {
  return hint
    .replace(
      /headers: \{ (\w+): "(Bearer|Basic) \$\{env\.(\w+)\}" \}(?: beside its url, then: TOKEN=… squall run …)?/,
      (_, name: string, scheme: string, variable: string) =>
        `${variable}=… squall probe URL --header '${name}: ${scheme} \${env.${variable}}'`,
    )
    .replaceAll(/\bsay url: /g, "squall probe ")
    .replaceAll("squall run …", "squall probe …");
}
