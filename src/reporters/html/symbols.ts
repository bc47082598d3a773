/** How an outcome looks: a hue for what it came to, a form for where it failed; never the hue alone. */
import { outcomeClasses, type OpOutcome, type Rung } from "../../history/outcomes.ts";
import type { Point } from "../../measure/figures.ts";
import { html, type Markup } from "../markup.ts";
import { round } from "./scales.ts";
import { outcomes } from "./words.ts";

type Form = Rung | "plain" | "not-run";

// Around the origin, about nine pixels wide.
const forms: Readonly<Record<Form, string>> = {
  ok: "M-2.6,0a2.6,2.6 0 1,0 5.2,0a2.6,2.6 0 1,0 -5.2,0z",
  plain: "M-2.6,0a2.6,2.6 0 1,0 5.2,0a2.6,2.6 0 1,0 -5.2,0z",
  timeout: "M0,-4.5L4.4,3.4L-4.4,3.4z",
  connection: "M0,-4.6L4.6,0L0,4.6L-4.6,0z",
  http: "M-3.6,-3.6h7.2v7.2h-7.2z",
  protocol: "M-4.4,-3.4L4.4,-3.4L0,4.5z",
  "rpc-error": "M-1.2,-4.4h2.4v3.2h3.2v2.4h-3.2v3.2h-2.4v-3.2h-3.2v-2.4h3.2z",
  "tool-error": "M-4,-2.4L-2.4,-4L0,-1.6L2.4,-4L4,-2.4L1.6,0L4,2.4L2.4,4L0,1.6L-2.4,4L-4,2.4L-1.6,0z",
  "not-run": "M-4,-1.2h8v2.4h-8z",
};

const formNames = Object.keys(forms) as readonly Form[];

/** What all drawings of the page refer to; it shows nothing itself. */
export function sprite(): Markup {
  return html`<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false">
    <defs>
      ${formNames.map((form) => html`<path id="${idOf(form)}" d="${forms[form]}" />`)}${outcomes.map(
        (outcome) =>
          html`<pattern
            id="fill-${outcome}"
            width="6"
            height="6"
            patternUnits="userSpaceOnUse"
            ${outcome === "failed" && html` patternTransform="rotate(45)"`}
            ><rect class="fill ${outcome}" width="6" height="6" />${grain[outcome]}</pattern
          >`,
      )}
    </defs>
  </svg>`;
}

const grain: Readonly<Record<OpOutcome, Markup>> = {
  ok: html``,
  failed: html`<rect class="grain" width="2" height="6" />`,
  unknown: html`<circle class="grain" cx="1.5" cy="1.5" r="1.2" /><circle class="grain" cx="4.5" cy="4.5" r="1.2" />`,
  "not-run": html`<rect class="grain" width="6" height="2" />`,
};

function idOf(form: Form): string {
  return `form-${form}`;
}

export function formOf({ outcome, class: is }: Pick<Point, "outcome" | "class">): Form {
  if (outcome === "not-run") return "not-run";
  if (is === undefined || !Object.hasOwn(outcomeClasses, is)) return outcome === "ok" ? "ok" : "plain";
  // An op that came right in the end is ok, whatever its attempts met.
  return outcome === "ok" ? "ok" : outcomeClasses[is].rung;
}

const rungNames: Readonly<Record<Form, string>> = {
  ok: "ok",
  plain: "",
  "not-run": "not run",
  timeout: "timeout",
  connection: "connection",
  http: "HTTP",
  protocol: "protocol",
  "rpc-error": "JSON-RPC error",
  "tool-error": "tool error",
};

export function symbolName(form: Form, outcome: OpOutcome): string {
  const name = rungNames[form];
  return name === outcome || outcome === "not-run" || outcome === "ok"
    ? name
    : `${outcome}${name === "" ? "" : `: ${name}`}`;
}

export function symbolSample(form: Form, outcome: OpOutcome): Markup {
  return html`<use href="#${idOf(form)}" class="point ${outcome}" x="10" y="6" />`;
}

export function symbolAt({
  form,
  x,
  y,
  says,
}: {
  readonly form: Form;
  readonly x: number;
  readonly y: number;
  readonly says: string;
}): Markup {
  return html`<use href="#${idOf(form)}" x="${x}%" y="${y}"><title>${says}</title></use>`;
}

export function fillSample(outcome: OpOutcome): Markup {
  return html`<rect width="20" height="12" fill="url(#fill-${outcome})" />`;
}

/** A whole as a bar of its outcomes, as wide as its place. */
export function outcomeBar(ops: Readonly<Record<OpOutcome, number>>, total: number): Markup {
  let left = 0;
  const parts = outcomes.map((outcome) => {
    const width = total === 0 ? 0 : (ops[outcome] / total) * 100;
    const part =
      width > 0 &&
      html`<rect x="${round(left)}%" width="${round(width)}%" height="100%" fill="url(#fill-${outcome})" />`;
    left += width;
    return part;
  });
  return html`<svg class="outcome-bar" aria-hidden="true">${parts}</svg>`;
}
