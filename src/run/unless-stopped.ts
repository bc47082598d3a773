/** What is awaited before a run begins; whoever stops the run does not wait for it. */
export function unlessStopped<T>(stopping: AbortSignal, awaited: Promise<T>): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(stopping.reason);
  stopping.addEventListener("abort", stop, { once: true });
  if (stopping.aborted) stop();
  return Promise.race([awaited, stopped.promise]).finally(() => stopping.removeEventListener("abort", stop));
}
