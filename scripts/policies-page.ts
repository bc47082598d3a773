/** docs/policies.md: every part of a policy and every profile, from their registries. */
import { stringify } from "yaml";
import { patience } from "../src/agents/policy.ts";
import { profileNames, profiles } from "../src/agents/profiles.ts";
import { partNames, policyParts, type PartName } from "../src/agents/registry.ts";
import { attributesOf, takenInWords, withoutInWords } from "../src/commands/attributes.ts";
import { z } from "zod";

export function policiesPage(): string {
  return `# Policies

How an agent reacts to what its calls come to. Generated from the code by \`npm run schema\`; \`squall list policies\` and
\`squall list profiles\` say the same. A policy is put together from parts, each with one job:

\`\`\`yaml
${example}\`\`\`

- **The order is always the same**, however the parts are written. After an attempt, \`advice\` decides where the server says
  what to do, else \`retry\`. Before one is sent, ${inOrder}
  are asked in turn; what one of them holds back is not sent, and gives back what those before it have counted. \`timeout\` is around each attempt by itself,
  \`hedge\` beside it, \`deadline\` around each step with all of its attempts.
- **State** belongs to one agent, by server or tool as \`per\` says: two agents know nothing of each other, as two clients do.
- **What is held back is told**: an op that was never sent is \`not-run\` with its reason (\`breaker open\`, \`throttled\`, \`bulkhead
  full\`); one that was not sent again has it as \`heldBack\` (\`retry budget spent\`, \`outcome unknown, not resent\`). Attempts
  beside others are \`hedged\`, and those given up for them \`outrun\`: such an attempt may have acted.
- **One part alone** may be written \`{ kind: retry, attempts: 3 }\`, and no part at all \`{ kind: none }\`.
- **A profile** is a policy with a name: \`policy: { profile: careful }\`. A part that is written beside it takes the place of
  the profile's own. [Who duplicates, storms or starves on which server](profiles.md) is a table of its own.
- **What a profile imitates** is compared with the client itself by \`test/clients\`: the same faults on the same server, and
  as many attempts, with such waits, told the same, with as many effects. Clients that are built on the SDK also do not see
  that an event stream broke off, and wait on: the group's \`wire: sdk\` does the same, the lean wire is told at once.
- **How many calls of one turn go at once** is no policy but the chain's: steps under \`parallel\` begin together, as
  frameworks have it that await all calls of a turn; \`bulkhead\` with a \`wait\` is what limits them.
- **Same seed, same decisions**: parts are functions of what they have seen, the time they are handed and seeded chance.
- \`\${op.key}\` in a step's args is the op's idempotency key.

| part | what it does | from |
| --- | --- | --- |
${partNames.map((name) => row([`[${name}](#${name.toLowerCase()})`, policyParts[name].about, policyParts[name].source])).join("\n")}

## timeout

Every policy has these.

${table(attributesOf(z.object(patience)))}
| \`timeouts\` | map | optional | server.Tool → patience for one attempt of it, in place of timeout |
${partNames.map(section).join("")}
## Profiles

| profile | what it does | whose, and how that is known |
| --- | --- | --- |
${profileNames.map((name) => row([`\`${name}\``, profiles[name].about, profiles[name].source])).join("\n")}

${profileNames.map((name) => `- \`${name}\`: \`${written(profiles[name].policy)}\``).join("\n")}
`;
}

const inOrder = "`retryBudget`, `retryTokens`, `retryThrottling`, `throttle`, `breaker` and `bulkhead`";

const example = `name: careful-clerk
servers: { mine: { url: "http://127.0.0.1:3000/mcp" } }
agents:
  clerk:
    policy:
      timeout: 2s
      timeouts: { mine.Report: 10s }
      retry: { attempts: 3, delay: 100ms, backoff: exponential, jitter: full, resend: safe, retryAfter: obey }
      retryBudget: { ratio: 10%, least: 0 }
      breaker: { failures: 5, openFor: 10s, per: tool }
      bulkhead: { inFlight: 4, wait: 500ms }
    chain: [{ call: mine.ListInvoices }, { call: mine.Report, args: { key: "\${op.key}" } }]
phases: [{ baseline: 10s }]
`;

function section(name: PartName): string {
  const { about, source, attributes } = policyParts[name];
  return `
## ${name}

${about} From: ${source}.

${table(attributesOf(attributes))}
`;
}

function table(attributes: ReturnType<typeof attributesOf>): string {
  return [
    row(["attribute", "takes", "where absent", ""]),
    row(["---", "---", "---", "---"]),
    ...attributes.map((one) => row([`\`${one.name}\``, takenInWords(one), withoutInWords(one), one.about])),
  ].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
}

function written(policy: object): string {
  return stringify(policy, { collectionStyle: "flow", lineWidth: 0 }).trim();
}
