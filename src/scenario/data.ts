/** A scenario is data only. TypeScript can hold more than that, and aliases in YAML can make a value hold itself. */
import { formatPath, type Finding, type Path } from "./mistakes.ts";

export interface Data {
  /** A copy that shares nothing with what was given; what is no data is left out. */
  readonly data: unknown;
  readonly findings: readonly Finding[];
}

/** Deeper than any scenario, and shallow enough for every walk through it. */
const depthMax = 100;

export function dataFrom(value: unknown): Data {
  const findings: Finding[] = [];
  const around = new Map<unknown, Path>();

  const refuse = (path: Path, says: string): undefined => {
    findings.push({ path, says });
    return undefined;
  };

  const copyOf = (node: unknown, path: Path): unknown => {
    if (typeof node === "number" && !Number.isFinite(node))
      return refuse(path, `expected a finite number, got ${node}`);
    if (node === null || ["boolean", "number", "string", "undefined"].includes(typeof node)) return node;
    if (!isPlain(node)) return refuse(path, `a scenario holds data only, got ${kindOf(node)}`);
    const outer = around.get(node);
    if (outer !== undefined)
      return refuse(path, `holds ${formatPath(outer) || "the scenario"}, which holds it in turn`);
    if (path.length >= depthMax) return refuse(path.slice(0, 3), `is more than ${depthMax} levels deep`);
    around.set(node, path);
    const copy = Array.isArray(node) ? node.map((child, index) => copyOf(child, [...path, index])) : mapOf(node, path);
    around.delete(node);
    return copy;
  };

  const mapOf = (node: object, path: Path): Record<string, unknown> => {
    const copy: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(node)) {
      // Assigning to this one would change what the copy is, and schemas pass over it.
      if (key === "__proto__") refuse([...path, key], "cannot be a name");
      else if (child !== undefined) copy[key] = copyOf(child, [...path, key]);
    }
    return copy;
  };

  const data = copyOf(value, []);
  return { data, findings };
}

function isPlain(node: unknown): node is object {
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) return true;
  const prototype: unknown = Object.getPrototypeOf(node);
  // What another realm made has another Object.prototype; that one, too, has nothing behind it.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(node: unknown): string {
  if (typeof node !== "object" || node === null) return `a ${typeof node}`;
  return `a ${node.constructor.name}`;
}
