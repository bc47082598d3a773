/** Seeded values for arguments: `${int(1, 100)}`. The same seed, group, agent and walk give the same values. */
import type { Random } from "../world.ts";

export interface Generator {
  readonly name: string;
  readonly usage: string;
  /** What is wrong with these arguments, if anything is. */
  readonly wrongWith: (args: readonly string[]) => string | undefined;
  readonly make: (args: readonly string[], random: Random) => unknown;
}

const words = [
  "amber",
  "basalt",
  "cedar",
  "delta",
  "ember",
  "fjord",
  "grove",
  "harbor",
  "iris",
  "juniper",
  "kelp",
  "lagoon",
] as const;
const letters = "abcdefghijklmnopqrstuvwxyz0123456789";

const generators: readonly Generator[] = [
  {
    name: "int",
    usage: "int(1, 100)",
    wrongWith: (args) => wrongRange("int", args, Number.isSafeInteger),
    make: ([min, max], random) => random.integer(Number(min), Number(max)),
  },
  {
    name: "number",
    usage: "number(0, 1)",
    wrongWith: (args) => wrongRange("number", args, Number.isFinite),
    make: ([min, max], random) => Number(min) + random.next() * (Number(max) - Number(min)),
  },
  {
    name: "pick",
    usage: "pick(a, b, c)",
    wrongWith: (args) => (args.length > 0 ? undefined : "pick() needs something to pick from, as in pick(a, b)"),
    make: ([first = "", ...others], random) => random.pick([first, ...others]),
  },
  {
    name: "word",
    usage: "word()",
    wrongWith: (args) => (args.length === 0 ? undefined : "word() takes nothing"),
    make: (_, random) => `${random.pick(words)}-${random.pick(words)}`,
  },
  {
    name: "uuid",
    usage: "uuid()",
    wrongWith: (args) => (args.length === 0 ? undefined : "uuid() takes nothing"),
    make: (_, random) => uuid(random),
  },
  {
    name: "text",
    usage: "text(12)",
    wrongWith: ([length, ...more]) =>
      more.length === 0 && /^\d{1,5}$/.test(length ?? "") ? undefined : "text() takes its length, as in text(12)",
    make: ([length], random) =>
      Array.from({ length: Number(length) }, () => letters[random.integer(0, letters.length - 1)]).join(""),
  },
];

export function generatorNamed(name: string): Generator | undefined {
  return generators.find((generator) => generator.name === name);
}

function wrongRange(name: string, args: readonly string[], fits: (value: number) => boolean): string | undefined {
  const [min, max] = args.map((arg) => (arg === "" ? Number.NaN : Number(arg)));
  const right = args.length === 2 && min !== undefined && max !== undefined && fits(min) && fits(max) && min <= max;
  return right ? undefined : `${name}() takes a least and a greatest value, as in ${name}(1, 100)`;
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.integer(0, 15).toString(16)).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
