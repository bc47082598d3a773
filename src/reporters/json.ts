import type { Reporter } from "./reporter.ts";

export const json: Reporter = {
  name: "json",
  about: "The verdicts as one JSON document, squall.verdicts/1.",
  render: ({ verdicts }) => `${JSON.stringify(verdicts, undefined, 2)}\n`,
};
