/** The packages that databases are read with: people install those they need, and they are loaded when they are used. */
import { findPackageJSON } from "node:module";
import { UserError } from "../errors.ts";
import type { Driver } from "./kinds.ts";

/** The file that says what a package is; undefined where it is not installed beside Squall. */
export function manifestOf(name: string): string | undefined {
  try {
    return findPackageJSON(name, import.meta.url);
  } catch {
    return undefined;
  }
}

/** Told before anything starts. */
export function requireDriver(
  { effect, reads, needs }: { readonly effect: string; readonly reads: string; readonly needs: Driver },
  find: (name: string) => string | undefined = manifestOf,
): void {
  if (find(needs) !== undefined) return;
  throw new UserError(
    `the effect ${effect} is read by ${reads}, which takes the package ${needs}, and that is not installed: npm install --save-dev ${needs}, beside squall`,
  );
}
