/**
 * How much is tried, by SQUALL_ROUNDS. Unset: enough to notice a break. `full`, as in CI: everything, as often as a change
 * has time for. `long`, by hand (`SQUALL_ROUNDS=long npx vitest run --project e2e engines endings`): everything, and
 * runners are killed at 50 moments with the embedded engine and at 20 with each other.
 */
const said = process.env["SQUALL_ROUNDS"] ?? "";

export const isFull = said === "full" || said === "long";

export const rounds = <T>(full: T, quick: T, long: T = full): T => (said === "long" ? long : isFull ? full : quick);
