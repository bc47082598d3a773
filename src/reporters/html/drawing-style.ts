/** How charts, lanes, bars and waterfalls look. */
export const drawingStyle = `
.sprite { position: absolute; }
svg text { fill: var(--ink); font-size: 11.5px; font-variant-numeric: tabular-nums; }
.chart { margin: 22px 0 10px; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 24px; margin-bottom: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 1px 16px; font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 5px; }
.sample { flex: none; overflow: visible; vertical-align: -1px; }
.plot-row { display: grid; grid-template-columns: 54px minmax(0, 1fr); padding-right: 14px; }
.plot-row svg { display: block; overflow: visible; width: 100%; }
.ys text, .axis text { fill: var(--muted); }
.grid { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.base { stroke: var(--muted); shape-rendering: crispEdges; }
.edge { stroke: var(--muted); stroke-opacity: 0.35; shape-rendering: crispEdges; }
.phase { font-size: 12px; line-height: 17px; padding: 0 4px; height: 18px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--ink); background: var(--subtle); border-left: 1px solid var(--muted); }
.phase.fault { font-weight: 650; }
.h0 { --hue: var(--hue-0); } .h1 { --hue: var(--hue-1); } .h2 { --hue: var(--hue-2); }
.h3 { --hue: var(--hue-3); } .h4 { --hue: var(--hue-4); } .h5 { --hue: var(--hue-5); }
.band { fill: var(--hue); fill-opacity: 0.11; }
.lane { fill: color-mix(in srgb, var(--hue) 42%, var(--page)); stroke: var(--hue); stroke-width: 1; }
.band.unseen { fill-opacity: 0.06; }
.lane.unseen { fill: var(--page); stroke-dasharray: 3 2; }
svg .letter { font-size: 10px; font-weight: 700; pointer-events: none; }
.event { stroke: var(--hue); stroke-width: 1; }
.event.requested { stroke-dasharray: 1 3; }
.event.healed { stroke-dasharray: 6 3; }
line.step { stroke: var(--hue); stroke-width: 2; pointer-events: none; }
.mark { stroke: var(--ink); }
line.mark { stroke-width: 1; stroke-dasharray: 2 2; }
span.mark, td .mark { stroke: none; }
svg .mark-number { font-size: 10px; font-weight: 700; }
.point.ok { fill: var(--op-ok); fill-opacity: 0.75; }
.point.failed { fill: var(--op-failed); }
.point.unknown { fill: var(--op-unknown); }
.point.not-run { fill: var(--op-not-run); }
.fill.ok, .bar.ok { --fill: var(--op-ok); } .fill.failed, .bar.failed { --fill: var(--op-failed); }
.fill.unknown, .bar.unknown { --fill: var(--op-unknown); } .fill.not-run, .bar.not-run { --fill: var(--op-not-run); }
.fill { fill: var(--fill); }
.grain { fill: var(--page); fill-opacity: 0.5; }
.bars rect { shape-rendering: crispEdges; }
.line { fill: none; stroke: var(--ink); stroke-width: 1.75; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.line.p95 { stroke-dasharray: 5 3; stroke-width: 1.25; stroke-opacity: 0.8; }
.line.offered { stroke: var(--ink); stroke-width: 5; stroke-opacity: 0.28; }
.line.attempts { stroke: var(--link); }
.line.exchanges { stroke: var(--unknown); stroke-dasharray: 5 4; }
.line.vital-1 { stroke: var(--hue-0); stroke-dasharray: 7 3; } .line.vital-2 { stroke: var(--hue-1); stroke-dasharray: 2 2; }
.line.vital-3 { stroke: var(--hue-2); stroke-dasharray: 9 3 2 3; } .line.vital-4 { stroke: var(--hue-3); stroke-dasharray: 4 6; }
.pin { fill: var(--fail); stroke: var(--page); stroke-width: 1.5; }
svg .pin-number { fill: var(--page); font-size: 10px; font-weight: 700; text-anchor: middle; }
.witnessed { cursor: pointer; }
.witnessed:focus-visible { outline: none; }
.witnessed:focus-visible .pin, .witnessed:hover .pin { stroke: var(--ink); stroke-width: 3; }
.cursor { stroke: var(--ink); stroke-width: 1; pointer-events: none; }
.plot:focus-visible { outline-offset: 4px; }
.edges-key { font-size: 13px; }
.fault-key { display: flex; flex-direction: column; gap: 3px; font-size: 14px; }
.fault-key li { display: flex; gap: 9px; align-items: flex-start; }
.swatch { flex: none; overflow: visible; margin-top: 3px; }
.phases { display: flex; flex-wrap: wrap; gap: 1px 20px; font-size: 14px; margin-bottom: 8px; font-variant-numeric: tabular-nums; }
.phases b { font-weight: 600; }
.events { counter-reset: event; font-size: 14px; margin-top: 4px; }
.events li { counter-increment: event; padding: 1px 0 1px 30px; position: relative; }
.events li::before { content: counter(event); position: absolute; left: 0; width: 20px; text-align: right; color: var(--muted); }
.events b { font-variant-numeric: tabular-nums; font-weight: 600; margin-right: 6px; }
.outcome-bar { overflow: hidden; }
.hops { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 22px 40px; }
.hop th, .hop td { border: 0; padding: 2px 12px 2px 0; vertical-align: middle; white-space: nowrap; }
.hop { table-layout: auto; }
.hop tbody th { max-width: 11em; overflow: hidden; text-overflow: ellipsis; }
.hop .fault th { font-weight: 650; }
.hop .ratio-bar { width: 50%; }
.hop svg { display: block; width: 100%; height: 13px; overflow: visible; }
.ratio { fill: var(--op-ok); }
.fault .ratio { fill: var(--op-unknown); }
.reference { stroke: var(--ink); stroke-width: 1.5; }
.story-table { font-size: 13.5px; margin-top: 6px; }
.story-table th, .story-table td { border: 0; padding: 3px 12px 3px 0; }
.story-table thead th { vertical-align: top; padding-bottom: 4px; }
.story-table tbody th { width: 31%; min-width: 9em; }
.story-table tbody td:nth-child(2) { width: 24%; min-width: 9em; }
.story-table .when { position: relative; padding: 0; min-width: 200px; }
.story-table tbody .when svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.story-table thead .when svg { display: block; width: 100%; overflow: visible; }
.story-table thead text { fill: var(--muted); }
.story-table thead .letter { fill: var(--ink); }
.story-table .op > * { font-weight: 650; }
.story-table .attempt th, .story-table .effect th { padding-left: 14px; }
.story-table .exchange th { padding-left: 28px; }
.story-table q { color: var(--muted); }
.bar.ok { fill: url(#fill-ok); } .bar.failed { fill: url(#fill-failed); } .bar.unknown { fill: url(#fill-unknown); } .bar.not-run { fill: url(#fill-not-run); }
.bar { stroke: var(--fill); stroke-width: 1.5; transform: translateY(-5px); }
.bar.open { stroke-dasharray: 3 2; }
.waited { stroke: var(--muted); stroke-width: 2; stroke-dasharray: 2 2; }
.within { stroke: var(--ink); stroke-width: 2; stroke-opacity: 0.4; }
.effect .effect, line.effect { stroke: var(--ink); stroke-width: 3; }
@media (max-width: 600px) {
  .alternate { display: none; }
  .plot-row { grid-template-columns: 44px minmax(0, 1fr); padding-right: 8px; }
  .hop th, .hop td { padding-right: 8px; }
  .hop tbody th { max-width: 8em; }
  .hop .ratio-bar { min-width: 64px; }
  .phase { font-size: 11px; padding: 0 2px; }
  .story-table tr { display: grid; grid-template-columns: minmax(0, 1.2fr) minmax(0, 1fr); column-gap: 10px; padding-top: 3px; }
  .story-table :is(th, td) { padding-right: 0; }
  .story-table .when { grid-column: 1 / -1; min-width: 0; height: 16px; }
  .story-table thead .when { height: auto; }
  .story-table thead th:not(.when) { position: absolute; clip-path: inset(50%); }
  .story-table tbody :is(th, td:nth-child(2)) { width: auto; min-width: 0; }
}
@media (forced-colors: active) {
  svg { forced-color-adjust: none; }
}`;
