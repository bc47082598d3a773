/** Keeps the memory of a process near to what it needs, as long as a history is read. */
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * On a machine with much memory V8 lets its heap grow to four times what is needed before it looks for garbage. Judging
 * makes much garbage and keeps little, so that to look twice as often costs hardly any time.
 */
const heapGrowingPercent = 40;

/**
 * The room for what is young counts three times: it has two halves, and the rest of the heap may grow by as much as one
 * of them. What is held for seconds outlives the collections in any room, so that more than this gains little.
 */
const youngHalfMost = 32 * 1024 * 1024;

/** The factor by which the room for what is young grows: V8's own default, and not at all. */
const [doubling, standing] = [2, 1];

/**
 * Judges by as many readings as it takes. The most room is fixed when V8 starts, so that its growth has to be stopped on
 * the way; and not only while it reads, for what is done between two readings makes much that is young, too.
 */
export async function withSmallHeap<T, Result>(
  read: () => AsyncIterable<T>,
  use: (read: () => AsyncIterable<T>) => Promise<Result>,
): Promise<Result> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  let factor: number = doubling;
  const grow = (by: number): void => {
    if (by !== factor) setFlagsFromString(`--semi-space-growth-factor=${by}`);
    factor = by;
  };
  try {
    return await use(async function* () {
      for await (const some of read()) {
        // It also shrinks, where little is to be done for a while.
        grow(youngBytes() < 2 * youngHalfMost ? doubling : standing);
        yield some;
      }
    });
  } finally {
    grow(doubling);
  }
}

/** Of both halves. */
function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}
