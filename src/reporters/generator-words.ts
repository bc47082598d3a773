/** How the generator fared, in one quiet line: what people compare with the times that they are about to believe. */
import type { Figures } from "../measure/figures.ts";
import { formatDuration } from "../units.ts";

type Generator = NonNullable<Figures["generator"]>;

export function generatorSaid({ starts, lagP99Us, threads = [], machine, dropped = 0 }: Generator): string {
  const watched = threads.filter(({ seconds }) => seconds > 0);
  const delayUs = watched.reduce((worst, { delayP99Us }) => Math.max(worst, delayP99Us), 0);
  return [
    ...(starts > 0 ? [`p99 start lag ${inMs(lagP99Us)}`] : []),
    ...(watched.length > 0 ? [`p99 loop delay ${inMs(delayUs)}`] : []),
    ...(machine === undefined || machine.seconds === 0
      ? []
      : [`${coresSaid(machine.cpu)} of ${machine.cores}`, `${bytesSaid(machine.rssMaxBytes)} at most`]),
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
  ].join(" · ");
}

/** `34% of a core`, `2.1 cores`. */
export function coresSaid(cpu: number): string {
  return cpu < 1 ? `${Math.round(cpu * 100)}% of a core` : `${Number(cpu.toFixed(1))} cores`;
}

export function bytesSaid(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function inMs(us: number): string {
  return formatDuration(Math.round(us / 1000));
}
