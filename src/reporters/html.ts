import type { Reporter } from "./reporter.ts";
import { page } from "./html/page.ts";

export const html: Reporter = {
  name: "html",
  about: "One page that needs nothing else: verdicts, findings with their timelines, charts; to read, print and sign.",
  file: "report.html",
  render: page,
};
