import { jsonText } from "./markup.ts";
import { repeatDocument } from "./repeat.ts";
import type { Reporter } from "./reporter.ts";
import { runsDocument } from "./runs.ts";

export const json: Reporter = {
  name: "json",
  about:
    "The verdicts as one JSON document, squall.verdicts/1; of several runs squall.runs/1, repeated squall.repeat/1.",
  file: "verdicts.json",
  render: ({ verdicts }) => jsonText(verdicts),
  several: {
    as: "one-document",
    render: (batch) => jsonText(batch.repeat === undefined ? runsDocument(batch) : repeatDocument(batch, batch.repeat)),
  },
};
