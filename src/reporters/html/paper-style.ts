/** How the page prints: light, everything open, nothing cut off. */
export const paperStyle = `
@media print {
  @page { size: A4; margin: 14mm 13mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #58626d; } }
  :root, :root[data-theme] { color-scheme: light; }
  html { font-size: 100%; }
  body { --side: 0px; padding: 0; font-size: 10pt; line-height: 1.4; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .skip, nav, .theme, .copy, .tip, .screen-only, .script-only, .cursor { display: none !important; }
  .print-only { display: block; }
  .top { padding: 12pt; }
  h1 { font-size: 22pt; padding: 0; }
  h1 .scenario { font-size: 16pt; }
  h2 { font-size: 13pt; break-after: avoid; }
  h3, figcaption, caption, summary { break-after: avoid; }
  section { margin-top: 16pt; }
  .lead, .says { font-size: 11pt; }
  details::details-content { content-visibility: visible; display: block; }
  summary { list-style: none; }
  summary::-webkit-details-marker { display: none; }
  .scroll, .scroll.low { overflow: visible; max-height: none; }
  thead { display: table-header-group; break-inside: avoid; }
  tr, figure, .tiles, .story, .hop, .effect-block, .signature, .fault-key li { break-inside: avoid; }
  p, li, dd { orphans: 3; widows: 3; }
  table { font-size: 9pt; }
  .tools { font-size: 6.5pt; }
  .tools th, .tools td { padding: 2pt 3pt 2pt 0; }
  .tools .outcome-bar { display: none; }
  .tools .bar-cell, .tools tbody th, .tools .classes { min-width: 0; }
  .name { width: auto; max-width: none; min-width: 9.5em; overflow-wrap: anywhere; }
  td:first-child > .name { min-width: 4.5em; }
  th > .name { min-width: 10.5em; }
  .tools code { font-size: 6pt; }
  .hop { font-size: 8.5pt; }
  .tools .too-few { white-space: normal; }
  .tools .too-few, .tools .classes, .tools thead th { font-size: 6pt; }
  .sort { display: contents; }
  .sort::after { content: none !important; }
  .story-table { font-size: 8.5pt; min-width: 0; }
  .hops { grid-template-columns: 1fr 1fr; gap: 10pt 18pt; }
  .hop .ratio-bar { width: 35%; }
  .tiles { grid-template-columns: 1.7fr repeat(4, 1fr); }
  .tiles > div:first-child { grid-column: auto; }
  .tiles dd b { font-size: 13pt; }
  a { color: inherit; text-decoration: none; }
  .signature { margin-top: 26pt; border-top: 1px solid #1c2127; padding-top: 8pt; }
  .signature dl { display: grid; grid-template-columns: 1fr 1fr; gap: 4pt 24pt; }
  .signature dl > div { display: flex; align-items: flex-end; gap: 8pt; height: 30pt; }
  .signature dd { flex: 1; border-bottom: 1px solid #58626d; }
}`;
