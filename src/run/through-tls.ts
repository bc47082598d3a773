/** Where a server with an https URL is found in plain: at our end of its TLS, on this machine alone. */
import type { Trust } from "../certificates.ts";
import { openTlsEnd } from "../links/tls-end.ts";
import type { Closing } from "./closing.ts";
import { addressOf, seenThrough } from "./replica-entry.ts";

export async function throughTls(
  { closing }: { readonly closing: Closing },
  url: URL,
  { trust, host = url.host }: { readonly trust: Trust; readonly host?: string | undefined },
): Promise<URL> {
  if (url.protocol !== "https:") return url;
  const end = await openTlsEnd({ to: addressOf(url), trust, host });
  closing.defer(`our end of the TLS of ${url.host}`, () => end.close());
  return new URL(seenThrough(url, end).href.replace(/^https:/, "http:"));
}
