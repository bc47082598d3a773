/** Whoever started us holds the other end of stdin: when that is gone, so are we. */
export function endWithStdin(): void {
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}
