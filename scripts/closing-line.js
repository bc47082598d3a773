// Prints CI's last line, `N passed, N failed`, from vitest's JSON report and its exit code. Neither is enough alone:
// import errors and failing hooks leave no failed assertion, unhandled errors leave a report that says success.
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

const [reportFile = "", exit = "1"] = process.argv.slice(2);
const files = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, "utf8")).testResults : [];
const assertions = files.flatMap((file) => file.assertionResults);
const count = (status) => assertions.filter((assertion) => assertion.status === status).length;

const brokenFiles = files.filter(
  (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
);
const passed = count("passed");
const seenFailures = count("failed") + brokenFiles.length;
const badEnd = exit !== "0" || passed === 0;
// In CI everything that can be here is here, so a skipped test is one that silently was not run. The one excuse is a
// machine that cannot run a Docker daemon, which .ci/docker.sh has tried and shown.
const excuse = process.env.CI_WITHOUT_DOCKER ? `without Docker: ${process.env.CI_WITHOUT_DOCKER}` : undefined;
const isExcused = ({ fullName }) => excuse !== undefined && fullName.includes(excuse);
const allSkipped = assertions.filter(({ status }) => status === "skipped" || status === "pending");
const skipped = allSkipped.filter((assertion) => !isExcused(assertion));
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
for (const { fullName } of allSkipped.filter(isExcused)) console.log(`skipped, excused: ${fullName}`);
// Vitest tells of a failure where it prints all of it, which may be far above; here each is a few lines.
const firstLines = (message = "") =>
  message
    .split("\n", 3)
    .map((line) => `\n  ${line}`)
    .join("");
for (const { name, assertionResults } of files) {
  for (const { fullName, failureMessages } of assertionResults.filter(({ status }) => status === "failed")) {
    console.log(`failed: ${relative(".", name)}: ${fullName}${firstLines(failureMessages?.[0])}`);
  }
}
for (const file of brokenFiles) console.log(`broken: ${file.name}\n${file.message}`);
const failed = Math.max(seenFailures + skipped.length, badEnd ? 1 : 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
