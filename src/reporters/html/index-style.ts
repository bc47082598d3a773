/** How the page over several runs looks: as the report, with tables of its own. */
import { style } from "./style.ts";

const own = `
.top .tiles { grid-template-columns: repeat(4, minmax(130px, 1fr)); }
.tiles dt .mark { line-height: 1; }
.runs td.number { padding-left: 0; }
.runs tbody th { width: 15em; }
.runs tbody th a { font-weight: 600; }
.runs td:nth-child(5) { width: 17em; }
.runs th .because { font-size: 13px; }
.runs th .run-name { font-size: 12px; }
.runs thead th:last-child { white-space: normal; }
.marks li { display: inline-block; margin-right: 12px; }
.runs details { font-size: 13px; }
.runs details li { padding-left: 1em; text-indent: -1em; }
.what-failed li + li { margin-top: 6px; }
.tallies td { white-space: nowrap; }
.tallies tr > :last-child { padding-right: 5px; }
.tallies tbody tr:first-child :is(th, td) { font-weight: 600; }
.interval { display: block; width: 132px; height: 8px; margin-top: 3px; overflow: visible; }
.interval rect { fill: currentColor; opacity: 0.35; }
.interval .whole { fill: var(--line); opacity: 1; }
.interval circle { fill: currentColor; }
.interval.pass { color: var(--pass); }
.interval.fail { color: var(--fail); }
.interval.unknown { color: var(--unknown); }
.tallies + .copyable, .scroll + .copyable { margin-top: 12px; }
@media (max-width: 860px) {
  .top .tiles { grid-template-columns: 1fr 1fr; }
  .top .tiles > div:first-child { grid-column: auto; }
  .runs tbody th { width: 9em; min-width: 9em; }
  .runs td:nth-child(5) { width: 12em; }
  .marks { min-width: 9.5em; }
}
@media (max-width: 600px) {
  .runs tbody :is(th, td:nth-child(5)) { width: auto; }
  .verdicts:is(.runs, .tallies) tbody tr { grid-template-columns: 7.8em 1fr; }
  .runs .verdict-cell { grid-area: 1 / 1; }
  .runs tbody th { grid-area: 1 / 2 / span 3; }
  .verdicts.runs td.number { grid-column: 1; }
}
@media print {
  .top .tiles { grid-template-columns: repeat(4, 1fr); }
  .runs tbody th { width: 9em; min-width: 0; }
  .runs td:nth-child(5) { width: 11em; }
  .runs .verdict-cell { width: 6em; }
  .runs th .because, .runs th .run-name, .runs details { font-size: 7.5pt; }
  .marks { min-width: 0; }
  .runs details .why { display: none; }
}`;

export const indexStyle = `${style}\n${own}`;
