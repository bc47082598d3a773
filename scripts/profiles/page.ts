/** docs/profiles.md out of the cells, and the cells' verdicts out of docs/profiles.md. */
import { profileNames, type ProfileName } from "../../src/agents/profiles.ts";
import { questions, servers, type Cell, type Server } from "./cells.ts";

export const marks = { pass: "✓", fail: "✗", unknown: "?" } as const;

const verdicts = ["pass", "fail", "unknown"] as const;
const columns = questions.map(({ column }) => column);

export function profilesPage(cells: readonly Cell[], { seed }: { readonly seed: number }): string {
  return `# Profiles on servers

Which client duplicates, storms or starves on which server: each [profile](policies.md#profiles) plays each scenario of
[\`scenarios/profiles\`](../scenarios/profiles) on a server with the defect that the scenario is about (broken), and on the same
server without it (honest). Written by \`npm run profiles\` from runs with seed ${seed}; each mark is a verdict of one run: ✓ pass,
✗ fail, ? unknown. One row again, on the broken servers:

    squall run scenarios/profiles --set agents.client.policy.profile=reconnect-once

${questions.map(({ column, scenario, asks }) => `- **${column}** (\`${scenario}\`): ${asks}.`).join("\n")}

${servers.map((server) => section(server, cells)).join("\n")}
${unknowns(cells)}`;
}

const titles: Readonly<Record<Server, string>> = { honest: "On honest servers", broken: "On broken servers" };

function section(server: Server, cells: readonly Cell[]): string {
  const row = (profile: ProfileName): string => {
    const own = cells.filter((cell) => cell.server === server && cell.profile === profile);
    const shown = columns.map((column) => own.find((cell) => cell.column === column)?.verdict);
    return line([`\`${profile}\``, ...shown.map((verdict) => (verdict === undefined ? "" : marks[verdict]))]);
  };
  return [
    `## ${titles[server]}`,
    "",
    line(["profile", ...columns]),
    line(["---", ...columns.map(() => "---")]),
    ...profileNames.map(row),
    "",
  ].join("\n");
}

function unknowns(cells: readonly Cell[]): string {
  const told = cells.filter(({ verdict }) => verdict === "unknown");
  if (told.length === 0) return "";
  const reasons = Map.groupBy(
    told,
    ({ column, server, because = "it was not told" }) => `${column}, ${server}: ${because}`,
  );
  const lines = [...reasons].map(([reason, alike]) => {
    const names = profileNames.filter((name) => alike.some(({ profile }) => profile === name));
    return `- ${reason} (${names.map((name) => `\`${name}\``).join(", ")})`;
  });
  return `## Why unknown\n\n${lines.toSorted().join("\n")}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Every cell that the page tells of. */
export function cellsIn(page: string): readonly Cell[] {
  const reasons = [...page.matchAll(/^- ([^,\n]+), (\w+): (.*) \(([^()]*)\)$/gm)];
  return servers.flatMap((server) => {
    const part = page.split(`## ${titles[server]}\n`)[1]?.split("\n## ")[0] ?? "";
    return profileNames.flatMap((profile) => {
      const row = part.split("\n").find((text) => text.startsWith(`| \`${profile}\` |`));
      const told = row?.split("|").map((cell) => cell.trim());
      return questions.flatMap(({ scenario, column }, index): Cell[] => {
        const verdict = verdicts.find((one) => marks[one] === told?.[index + 2]);
        if (verdict === undefined) return [];
        const because = reasons.find(
          ([, ofColumn, ofServer, , names = ""]) =>
            ofColumn === column && ofServer === server && names.split(", ").includes(`\`${profile}\``),
        )?.[3];
        return [{ scenario, server, profile, column, verdict, ...(because === undefined ? {} : { because }) }];
      });
    });
  });
}
