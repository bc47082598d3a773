/** What the names of a run's proxies begin with, so that they are told from everybody else's, and from other runs'. */
export function prefixOf(nonce: string): string {
  return `squall.${nonce}.`;
}
