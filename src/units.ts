/**
 * Durations, rates and sizes as people write them: `1.5s`, `1m30s`, `20/s`, `64KB`, `64KB/s`. Inside, durations are
 * milliseconds and sizes bytes; a KB has 1000 of them, as Toxiproxy counts.
 */
import { z } from "zod";

const partMs = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const part = String.raw`\d+(?:\.\d+)?(?:us|ms|s|m|h)`;
const durationPattern = new RegExp(`^(?:${part})+$`);
const unitBytes = { B: 1, KB: 1000, MB: 1_000_000, GB: 1_000_000_000 } as const;
const sizePattern = /^(\d+)(B|KB|MB|GB)$/;
const byteRatePattern = /^(\d+(?:KB|MB|GB))\/s$/;
const ratePattern = /^(\d+(?:\.\d+)?)\/(s|m|h)$/;

export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(us|ms|s|m|h)/g)) {
    totalMs += Number(amount) * partMs[unit as keyof typeof partMs];
  }
  return totalMs;
}

/** Events per second. */
export function parseRate(text: string): number | undefined {
  const [, amount, unit] = ratePattern.exec(text) ?? [];
  return unit === undefined ? undefined : (Number(amount) * 1000) / partMs[unit as keyof typeof partMs];
}

function parseSize(text: string): number | undefined {
  const [, amount, unit] = sizePattern.exec(text) ?? [];
  return unit === undefined ? undefined : Number(amount) * unitBytes[unit as keyof typeof unitBytes];
}

function parseByteRate(text: string): number | undefined {
  const [, bytes] = byteRatePattern.exec(text) ?? [];
  return bytes === undefined ? undefined : parseSize(bytes);
}

export function formatSize(bytes: number): string {
  const units = Object.entries(unitBytes).toReversed();
  const [unit, each] = units.find(([, one]) => bytes >= one) ?? ["B", 1];
  return `${Number((bytes / each).toPrecision(4))}${unit}`;
}

export function formatDuration(exactMs: number, digits = 4): string {
  const round = (value: number): number => Number(value.toPrecision(digits));
  // Seconds that would be rounded up to a minute are one.
  const isWhole = round((exactMs % 60_000) / 1000) === 60;
  const ms = isWhole ? Math.ceil(exactMs / 60_000) * 60_000 : exactMs;
  if (ms === 0) return "0ms";
  if (ms < 1) return `${round(ms * 1000)}us`;
  if (ms < 1000) return `${round(ms)}ms`;
  if (ms < 60_000) return `${round(ms / 1000)}s`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = round((ms % 60_000) / 1000);
  const parts = [hours > 0 ? `${hours}h` : "", minutes > 0 ? `${minutes}m` : "", seconds > 0 ? `${seconds}s` : ""];
  return parts.join("");
}

/** In the unit in which it is at least one. */
export function formatRate(perSecond: number): string {
  const units = [
    ["s", partMs.s],
    ["m", partMs.m],
  ] as const;
  const [unit, ms] = units.find(([, each]) => perSecond === 0 || (perSecond * each) / 1000 >= 1) ?? ["h", partMs.h];
  return `${Number(((perSecond * ms) / 1000).toPrecision(4))}/${unit}`;
}

/** `1 call`, `2 calls`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

/** A duration of at least `leastMs` and at most `mostMs`. */
export function duration({ leastMs = 0, mostMs = partMs.h * 24 }: { leastMs?: number; mostMs?: number } = {}) {
  return quantity({
    takes: "duration",
    what: "a duration",
    write: (ms) => `${Number(ms.toFixed(6))}ms`,
    such: `such as "500ms" or "1.5s"`,
    pattern: durationPattern,
    parse: parseDuration,
    format: formatDuration,
    least: leastMs,
    most: mostMs,
  });
}

/** So many bytes, at least and at most. */
export function size({ leastBytes = 0, mostBytes = unitBytes.GB }: { leastBytes?: number; mostBytes?: number } = {}) {
  return quantity({
    takes: "size",
    what: "a size",
    write: (bytes) => `${bytes}B`,
    such: `such as "500B" or "64KB"`,
    pattern: sizePattern,
    parse: parseSize,
    format: formatSize,
    least: leastBytes,
    most: mostBytes,
  });
}

/** Bytes a second, in whole KB. */
export function byteRate({ least = unitBytes.KB, most = 10 * unitBytes.GB }: { least?: number; most?: number } = {}) {
  return quantity({
    takes: "size per second",
    what: "a rate",
    such: `such as "64KB/s"`,
    write: (bytes) => `${bytes / unitBytes.KB}KB/s`,
    pattern: byteRatePattern,
    parse: parseByteRate,
    format: (bytes) => `${formatSize(bytes)}/s`,
    least,
    most,
  });
}

/** A share in percent. */
export function percentage({ least = 0, most = 100 }: { least?: number; most?: number } = {}) {
  return quantity({
    takes: "share",
    what: "a share",
    such: `such as "25%"`,
    write: (share) => `${share}%`,
    pattern: /^\d+(?:\.\d+)?%$/,
    parse: (text) => Number(text.slice(0, -1)),
    format: (share) => `${share}%`,
    least,
    most,
  });
}

/** What a schema of a quantity takes, for whoever explains it or must write one. */
export interface TakenQuantity {
  readonly takes: "duration" | "size" | "size per second" | "share";
  readonly least: number;
  readonly most: number;
  readonly format: (value: number) => string;
  /** As a scenario would say it, to the last digit. */
  readonly write: (value: number) => string;
}

const quantities = z.registry<TakenQuantity>();

export function quantityOf(schema: z.core.$ZodType): TakenQuantity | undefined {
  return quantities.get(bareOf(schema));
}

/** Without its default, and where it must be there. */
export function bareOf(schema: z.core.$ZodType | undefined): z.core.$ZodType {
  if (schema === undefined) throw new Error("no schema");
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? bareOf(schema.unwrap()) : schema;
}

interface Quantity extends TakenQuantity {
  readonly what: string;
  readonly such: string;
  readonly pattern: RegExp;
  readonly parse: (text: string) => number | undefined;
}

function quantity(about: Quantity) {
  const { what, such, pattern, parse, format, least, most } = about;
  const error = (issue: { readonly input: unknown }): string => `expected ${what} ${such}, got ${shown(issue.input)}`;
  const schema = z
    .string({ error })
    .regex(pattern, { abort: true, error })
    .refine((text) => within(parse(text), least, most), {
      error: (issue) => `expected ${what} from ${format(least)} to ${format(most)}, got ${shown(issue.input)}`,
      abort: true,
    })
    .transform((text) => parse(text) ?? Number.NaN);
  return schema.register(quantities, about);
}

/** Events per second; none at all only where a pause makes sense. */
export function rate({ mayPause = false }: { readonly mayPause?: boolean } = {}) {
  const range = mayPause ? "from 0/s up to 100000/s" : "above 0/s and up to 100000/s";
  return z
    .string({ error: (issue) => `expected a rate such as "20/s", got ${shown(issue.input)}` })
    .regex(ratePattern, { abort: true, error: (issue) => `expected a rate such as "20/s", got ${shown(issue.input)}` })
    .refine((text) => within(parseRate(text), mayPause ? 0 : Number.MIN_VALUE, 100_000), {
      abort: true,
      error: (issue) => `expected a rate ${range}, got ${shown(issue.input)}`,
    })
    .transform((text) => parseRate(text) ?? Number.NaN);
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const httpDate = /^\w{3}, (\d{2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** The header `Retry-After` is a number of seconds or a date. */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const [, day, month = "", year, hour, minute, second] = httpDate.exec(value) ?? [];
  if (!months.includes(month)) return undefined;
  const atMs = Date.UTC(Number(year), months.indexOf(month), Number(day), Number(hour), Number(minute), Number(second));
  return Math.max(0, atMs - now.getTime());
}

/** A value as an error message quotes it. */
export function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function within(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most;
}
