/** Lists what was skipped, by name: the name of a suite that may be skipped says why. */
import type { Reporter, TestModule } from "vitest/node";

export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const skipped of module.children.allTests("skipped")) {
        const suite = skipped.parent.type === "suite" ? skipped.parent.fullName : skipped.name;
        const [outermost = suite] = suite.split(" > ");
        counts.set(outermost, (counts.get(outermost) ?? 0) + 1);
      }
    }
    if (counts.size === 0) return;
    process.stdout.write("\nSkipped here:\n");
    for (const [name, count] of counts) process.stdout.write(`  ${name}: ${count} tests\n`);
  }
}
