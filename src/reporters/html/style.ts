/** How the page looks: its colours in two themes, its text, its tables; the drawings and paper have their own files. */
import { drawingStyle } from "./drawing-style.ts";
import { paperStyle } from "./paper-style.ts";

const colours = `
:root {
  color-scheme: light dark;
  --page: light-dark(#ffffff, #11151a);
  --subtle: light-dark(#f4f6f8, #1a2027);
  --ink: light-dark(#1c2127, #e8ebef);
  --muted: light-dark(#58626d, #9ba6b2);
  --line: light-dark(#d8dde3, #303944);
  --link: light-dark(#0b5cad, #79b8ff);
  --pass: light-dark(#18752f, #56cc78);
  --fail: light-dark(#c02626, #ff857c);
  --unknown: light-dark(#855700, #e6b04a);
  --pass-soft: light-dark(#e9f6ec, #14291b);
  --fail-soft: light-dark(#fdeeee, #331a1b);
  --unknown-soft: light-dark(#fff5e0, #2e2512);
  --op-ok: light-dark(#3f86d8, #81bffc);
  --op-failed: light-dark(#e0127d, #ff4fa8);
  --op-unknown: light-dark(#c27400, #ffa400);
  --op-not-run: light-dark(#77818c, #8b96a3);
  --says-ok: light-dark(#1f63ad, #81bffc);
  --says-failed: light-dark(#bd0d68, #ff78bb);
  --says-unknown: light-dark(#855700, #ffb330);
  --says-not-run: light-dark(#58626d, #9ba6b2);
  --hue-0: light-dark(#6d3df5, #b49cff);
  --hue-1: light-dark(#007a87, #4fd0da);
  --hue-2: light-dark(#6c7a00, #c5d24e);
  --hue-3: light-dark(#a5421d, #ff9d78);
  --hue-4: light-dark(#2f7a33, #80d888);
  --hue-5: light-dark(#8b22a8, #e08cff);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }`;

const text = `
*, *::before, *::after { box-sizing: border-box; }
html { background: var(--page); -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; padding-bottom: 48px; color: var(--ink); --side: max(24px, calc(50% - 600px));
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
  overflow-wrap: anywhere;
}
.top, nav, main, footer { padding-inline: var(--side); }
h1, h2, h3, p, dl, dd, ol, ul, figure, pre { margin: 0; }
ol, ul { padding: 0; list-style: none; }
h2 { font-size: 19px; line-height: 1.3; margin: 0 0 10px; letter-spacing: -0.01em; }
h3 { font-size: 15px; line-height: 1.4; font-weight: 650; }
section { margin-top: 40px; }
section > p + *, section > .muted { margin-bottom: 10px; }
section > h3[id] { margin: 22px 0 8px; }
a { color: var(--link); text-underline-offset: 2px; }
code, pre { font-family: var(--mono); font-size: 0.88em; unicode-bidi: isolate; }
b, span, td, th, dd, dt, li, p, q, summary { unicode-bidi: isolate; }
.muted { color: var(--muted); font-weight: 400; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 24px; top: 8px; padding: 6px 12px; background: var(--page); z-index: 3; }
.print-only, html:not(.scripted) .script-only { display: none; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
:target { scroll-margin-top: 1rem; }
footer { margin-top: 40px; padding-top: 16px; border-top: 1px solid var(--line); font-size: 13px; }`;

const top = `
.top { position: relative; padding-block: 26px 24px; border-top: 6px solid var(--verdict); background: var(--verdict-soft); }
.top.pass { --verdict: var(--pass); --verdict-soft: var(--pass-soft); }
.top.fail { --verdict: var(--fail); --verdict-soft: var(--fail-soft); }
.top.unknown { --verdict: var(--unknown); --verdict-soft: var(--unknown-soft); }
h1 { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 18px; font-size: 32px; line-height: 1.2; letter-spacing: -0.02em; padding-right: 90px; }
h1 .verdict { color: var(--verdict); font-weight: 800; }
h1 .scenario { font-weight: 550; font-size: 24px; }
.lead { margin-top: 8px; font-size: 16px; max-width: 80ch; }
.warning { margin-top: 8px; font-weight: 650; max-width: 90ch; }
.warning > span { display: inline-block; width: 1.3em; height: 1.3em; margin-right: 4px; line-height: 1.3em; border-radius: 50%; text-align: center; color: var(--page); background: var(--verdict); }
.identity { display: flex; flex-wrap: wrap; gap: 6px 26px; margin-top: 16px; font-size: 13.5px; }
.identity dt { color: var(--muted); display: inline; }
.identity dd { display: inline; font-variant-numeric: tabular-nums; }
.identity dd::before { content: " "; }
.tiles { display: grid; grid-template-columns: minmax(230px, 1.7fr) repeat(4, minmax(130px, 1fr)); gap: 1px; margin-top: 20px; background: var(--line); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.tiles > div { background: var(--page); padding: 10px 14px 11px; }
.tiles dt { font-size: 13px; color: var(--muted); }
.tiles dd b { display: block; font-size: 22px; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles dd > span { font-size: 13px; color: var(--muted); }
.tiles .outcome-bar { height: 8px; width: 100%; margin: 3px 0 5px; border-radius: 2px; }
nav { border-bottom: 1px solid var(--line); }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 12px 0; font-size: 14px; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.theme { position: absolute; top: 22px; right: var(--side); font: inherit; font-size: 13px; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; cursor: pointer; }`;

const tables = `
.scroll { overflow-x: auto; max-width: 100%; }
.scroll.low { max-height: 420px; overflow-y: auto; border: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 6px; }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); font-weight: 400; }
thead th { font-size: 13px; color: var(--muted); white-space: nowrap; vertical-align: bottom; }
th.number, td.number, .numbers th, .numbers td { text-align: right; white-space: nowrap; }
tr > :last-child { padding-right: 0; }
.verdicts .verdict-cell { width: 8.2em; }
.verdicts tbody th { min-width: 11em; }
.verdicts td.number { padding-left: 14px; }
.mark { font-weight: 700; white-space: nowrap; }
.mark.pass { color: var(--pass); }
.mark.fail { color: var(--fail); }
.mark.unknown { color: var(--unknown); }
.mark .word { font-weight: 550; }
.because { color: var(--muted); margin-top: 2px; }
.to-finding { white-space: nowrap; display: inline-block; padding: 0 2px; }
.snug { width: auto; }
.snug th, .snug td { padding-right: 32px; overflow-wrap: break-word; }
.numbers { font-size: 13px; }
.numbers th, .numbers td { padding: 3px 12px; }
.numbers thead th { position: sticky; top: 0; background: var(--subtle); }
.numbers td:nth-child(3), .numbers td:nth-child(4) { text-align: left; }
.tools { font-size: 13.5px; }
.tools th, .tools td { padding: 5px 8px 5px 0; vertical-align: baseline; }
.tools thead th { white-space: normal; overflow-wrap: normal; }
.name { width: max-content; max-width: 15em; }
.tools .bar-cell { white-space: nowrap; min-width: 96px; }
.tools .outcome-bar { display: inline-block; width: 56px; height: 9px; margin-right: 6px; }
.tools .classes { min-width: 8em; font-size: 13px; }
.too-few { color: var(--muted); font-size: 12px; }
.sort { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.sort:hover { text-decoration: underline; }
[aria-sort="ascending"] .sort::after { content: " \\2191"; }
[aria-sort="descending"] .sort::after { content: " \\2193"; }
.pairs > div { display: grid; grid-template-columns: 9.5em 1fr; gap: 2px 14px; padding: 3px 0; }
.pairs dt { color: var(--muted); }
.pairs dd { max-width: 86ch; }
.gaps li { display: flex; gap: 10px; padding: 3px 0; max-width: 100ch; }
.effects { display: flex; flex-wrap: wrap; gap: 24px 40px; }
.effect-block { flex: 1 1 480px; max-width: 760px; min-width: 0; }
.effect-table tr > td { width: 9.6em; white-space: nowrap; padding: 6px 10px; border-left: 1px solid var(--line); }
.effect-table thead th:not(:first-child) { padding-left: 11px; }
.effect-table .none, .effect-table .none .word { color: var(--muted); }
.effect-table .word { font-size: 13px; }
.effect-table .legal > span { color: var(--pass); }
.effect-table .info { background: var(--subtle); }
.effect-table .illegal { background: var(--fail-soft); color: var(--fail); font-weight: 650; box-shadow: inset 0 0 0 2px var(--fail); }
.outcome { font-weight: 600; }
.outcome.ok { color: var(--says-ok); }
.outcome.failed { color: var(--says-failed); }
.outcome.unknown { color: var(--says-unknown); }
.outcome.not-run { color: var(--says-not-run); }`;

const findings = `
.finding { margin: 0 0 20px; padding: 14px 18px 16px; border: 1px solid var(--line); border-left: 5px solid var(--muted); border-radius: 6px; }
.finding.violation { border-left-color: var(--fail); }
.finding.weakness { border-left-color: var(--unknown); }
.finding h3 { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; }
.anchor { text-decoration: none; font-variant-numeric: tabular-nums; }
.badge.violation { color: var(--fail); }
.badge.weakness { color: var(--unknown); }
.badge.info { color: var(--muted); }
.says { margin: 6px 0 10px; font-size: 16px; line-height: 1.45; max-width: 90ch; white-space: pre-line; }
.ids code { display: inline-block; padding: 0 5px; margin: 1px 1px; border-radius: 4px; background: var(--subtle); }
section > details { margin-top: 10px; font-size: 14px; }
details > summary { cursor: pointer; }
.story { margin-top: 12px; border-top: 1px solid var(--line); padding-top: 8px; }
.story summary { font-size: 14px; }
.story summary code { font-weight: 650; margin-right: 6px; }
.story:target summary, .finding:target { background: var(--subtle); }
.story .behind { font-size: 13px; margin-top: 4px; }`;

const narrow = `
.tip { position: fixed; z-index: 4; max-width: min(340px, calc(100vw - 16px)); padding: 7px 10px; font-size: 13px; line-height: 1.4; color: var(--ink); background: var(--page); border: 1px solid var(--muted); border-radius: 6px; box-shadow: 0 4px 14px #0003; pointer-events: none; white-space: pre-line; font-variant-numeric: tabular-nums; }
.pairs-tip { display: grid; grid-template-columns: auto auto; gap: 0 12px; }
.pairs-tip > :nth-child(even) { text-align: right; }
.tip[hidden] { display: none; }
.copyable { position: relative; }
.copyable pre { padding: 12px 84px 12px 14px; border: 1px solid var(--line); border-radius: 6px; background: var(--subtle); white-space: pre-wrap; }
.copy { position: absolute; top: 8px; right: 8px; font: inherit; font-size: 13px; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; cursor: pointer; }
@media (max-width: 860px) {
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles > div:first-child { grid-column: 1 / -1; }
}
@media (max-width: 600px) {
  body { padding-bottom: 40px; --side: 16px; }
  .top { padding-block: 20px 18px; }
  h1 { font-size: 26px; padding-right: 76px; }
  h1 .scenario { font-size: 20px; flex-basis: 100%; }
  section { margin-top: 32px; }
  .finding { padding: 12px; }
  .pairs > div { grid-template-columns: 1fr; }
  .verdicts thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .verdicts tbody tr { display: grid; grid-template-columns: 5.6em 1fr; gap: 1px 14px; padding: 7px 0; border-bottom: 1px solid var(--line); }
  .verdicts tbody :is(th, td) { display: block; padding: 0; border: 0; }
  .verdicts .verdict-cell { width: auto; }
  .verdicts td:not(.verdict-cell) { grid-column: 2; text-align: left; }
  .verdicts td[data-label]::before { content: attr(data-label) " "; color: var(--muted); }
  .tiles > div { padding: 8px 10px; }
  .tiles dd b { font-size: 19px; }
  .snug th, .snug td { padding-right: 14px; }
  .effect-table th .muted { display: none; }
  .effect-table td { width: auto; padding-left: 8px; white-space: normal; }
  .effect-table thead th:not(:first-child) { padding-left: 9px; }
  .effect-table .word { display: block; }
  .copyable pre { padding: 12px 14px 44px; }
  .copy { top: auto; bottom: 8px; }
}`;

export const style = [colours, text, top, tables, findings, drawingStyle, narrow, paperStyle].join("\n");
