/** One page over several runs: what came of each, with a link to its own report. */
import { escapeAttribute, escapeText } from "./markup.ts";
import { marks } from "./paint.ts";
import type { Batch, NotRun, RunResult } from "./reporter.ts";
import { missedRuns, shortDuration, timesOf, whyNotPassed, words } from "./summary.ts";
import { wasInterrupted, type Verdicts } from "./verdicts.ts";

/** `linkTo` answers where a run's own report is, seen from the page. */
export function indexPage(batch: Batch, linkTo: (result: RunResult) => string): string {
  const { results, notRun, exitCode } = batch;
  const [first] = results;
  const when = first === undefined ? "" : ` · ${escapeText(first.verdicts.startedAt)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Squall: ${results.length + missedRuns(batch)} runs, exit ${exitCode}</title>
<style>${style}</style>
</head>
<body>
<h1>${results.length + missedRuns(batch)} runs, exit ${exitCode}</h1>
<p>Squall${first === undefined ? "" : ` ${escapeText(first.verdicts.squall)}`}${when}</p>
<div class="wide"><table>
<thead><tr><th scope="col">Scenario</th><th scope="col">Verdict</th><th scope="col">Exit</th><th scope="col">Took</th><th scope="col">Checks</th><th scope="col">What failed</th></tr></thead>
<tbody>
${[...results.map((result) => rowOf(result, linkTo(result))), ...notRun.map(rowNotRun)].join("\n")}
</tbody>
</table></div>
</body>
</html>
`;
}

function rowOf({ verdicts }: RunResult, href: string): string {
  const { scenario, seed, mode, verdict, exitCode, durationMs, checks, thresholds, notCovered } = verdicts;
  const came = wasInterrupted(verdicts) ? "interrupted" : words[verdict];
  const all = [
    ...thresholds.map(({ expression, verdict }) => markOf(expression, verdict)),
    ...checks.map(({ check, verdict }) => markOf(check, verdict)),
    ...notCovered.map(
      ({ check }) =>
        `<li class="none"><span aria-hidden="true">–</span> ${escapeText(check)} <small>not covered</small></li>`,
    ),
  ];
  return `<tr>
<th scope="row"><a href="${escapeAttribute(href)}">${escapeText(scenario)}</a> <small>seed ${seed}${mode === "control" ? ", control run" : ""}</small></th>
<td class="${verdict}">${marks[verdict]} ${came}</td><td>${exitCode}</td><td>${shortDuration(durationMs)}</td>
<td><ul>${all.join("")}</ul></td><td>${escapeText(whyNotPassed(verdicts))}</td>
</tr>`;
}

function markOf(name: string, verdict: Verdicts["verdict"]): string {
  return `<li class="${verdict}"><span aria-hidden="true">${marks[verdict]}</span> ${escapeText(name)} <small>${words[verdict]}</small></li>`;
}

function rowNotRun({ scenario, exitCode, because, times }: NotRun): string {
  return `<tr>
<th scope="row">${escapeText(timesOf(scenario, times))}</th>
<td class="unknown">? no verdict</td><td>${exitCode}</td><td>–</td><td>–</td><td>${escapeText(because)}</td>
</tr>`;
}

const style = `
:root { color-scheme: light dark; --pass: light-dark(#1a7f37, #4ac26b); --fail: light-dark(#c2255c, #ff6b9d); --unknown: light-dark(#9a5b00, #f0b44c); --line: light-dark(#d0d7de, #3d444d) }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-bottom: 1px solid var(--line) }
ul { list-style: none; margin: 0; padding: 0 }
small { font-weight: normal; opacity: .7 }
.pass { color: var(--pass) } .fail { color: var(--fail) } .unknown { color: var(--unknown) }
`;
