/**
 * The synchronised-retry index: how much events crowd into the same moments, as variance over mean of their counts in
 * bins of 20 ms, pooled over blocks of a second. 1 for events that know nothing of each other; 200 that come at one
 * instant score about 200. Means something only right after a sharp edge: later, spread starts hide the crowding.
 */
const binUs = 20_000;
const binsInBlock = 50;

export function synchrony(timesUs: readonly number[]): number | undefined {
  const fromUs = timesUs.reduce((least, us) => Math.min(least, us), Number.POSITIVE_INFINITY);
  const blocks = new Map<number, number[]>();
  for (const us of timesUs) {
    const bin = Math.floor((us - fromUs) / binUs);
    const at = Math.floor(bin / binsInBlock);
    const block = blocks.get(at) ?? Array.from({ length: binsInBlock }, () => 0);
    blocks.set(at, block);
    block[bin % binsInBlock] = (block[bin % binsInBlock] ?? 0) + 1;
  }
  let variances = 0;
  let means = 0;
  for (const block of blocks.values()) {
    const mean = block.reduce((sum, count) => sum + count, 0) / binsInBlock;
    variances += block.reduce((sum, count) => sum + (count - mean) ** 2, 0) / binsInBlock;
    means += mean;
  }
  return means === 0 ? undefined : variances / means;
}
