import { repeatDocument } from "./repeat.ts";
import type { Reporter } from "./reporter.ts";
import { runsDocument } from "./runs.ts";

export const json: Reporter = {
  name: "json",
  about:
    "The verdicts as one JSON document, squall.verdicts/1; of several runs squall.runs/1, repeated squall.repeat/1.",
  file: "verdicts.json",
  render: ({ verdicts }) => asText(verdicts),
  several: {
    as: "one-document",
    render: (batch) => asText(batch.repeat === undefined ? runsDocument(batch) : repeatDocument(batch, batch.repeat)),
  },
};

function asText(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
