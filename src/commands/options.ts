/** Options that several commands share. */
export const reporterOption = ["--reporter <name[=file]>", "how to report; may be given several times"] as const;

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
