/** The reporters. To add one: a file beside this one, and its line here. */
import { html } from "./html.ts";
import { json } from "./json.ts";
import { junit } from "./junit.ts";
import type { Reporter } from "./reporter.ts";
import { terminal } from "./terminal.ts";

export const reporters: readonly Reporter[] = [terminal, json, junit, html];
