/** Autocannon in a process of its own: URL, CONNECTIONS and SECONDS say what it posts where; RATE is of all together. */
import autocannon from "autocannon";
import { integerFrom, refuseToStart, textFrom } from "../../../fixtures/start.ts";
import { callBody, callHeaders } from "../call-body.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const url = textFrom("URL") ?? refuseToStart("URL: expected where to post");
const rate = integerFrom("RATE", 0);

endWithStdin();
process.stdout.write(`${JSON.stringify({ ready: { url } })}\n`);
const { latency, non2xx, errors, requests } = await autocannon({
  url,
  method: "POST",
  headers: callHeaders,
  body: callBody,
  connections: integerFrom("CONNECTIONS", 10),
  duration: integerFrom("SECONDS", 10),
  // Its correction invents samples that nobody has measured.
  ...(rate === 0 ? {} : { overallRate: rate, ignoreCoordinatedOmission: true }),
});
process.stdout.write(
  `${JSON.stringify({ requests: requests.total, failed: non2xx + errors, p50Ms: latency.p50, p99Ms: latency.p99, maxMs: latency.max })}\n`,
);
process.exit(0);
