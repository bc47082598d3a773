/** How a server with an https URL is trusted, and what is shown to it: the keys, what they mean, their mistakes. */
import { z } from "zod";
import type { Finding, Path } from "./mistakes.ts";

export interface ScenarioTls {
  /** Files, seen from the scenario's folder. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly insecure: boolean;
}

const file = z.string().min(1).optional();

export const tlsSchema = z.strictObject({
  ca: file.describe("PEM file of the authorities to trust beside the usual ones, seen from the scenario's folder"),
  cert: file.describe("PEM file with the certificate that agents show"),
  key: file.describe("PEM file with its private key"),
  passphrase: z.string().min(1).optional().describe("of that key; best ${env.NAME}; kept out of every file"),
  servername: z
    .string()
    .min(1)
    .optional()
    .describe("the name that the server's certificate must have; absent: its host's"),
  insecure: z.boolean().default(false).describe("any certificate is believed: who answers is then not known"),
});

type Output = z.output<typeof tlsSchema>;

export function tlsOf(given: Output | undefined): { readonly tls?: ScenarioTls } {
  if (given === undefined) return {};
  const { ca, cert, key, passphrase, servername, insecure } = given;
  return {
    tls: {
      insecure,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(servername === undefined ? {} : { servername }),
    },
  };
}

export function tlsFindings(
  path: Path,
  { url, tls }: { readonly url?: string | undefined; readonly tls?: Output | undefined },
): Finding[] {
  if (tls === undefined) return [];
  const at = [...path, "tls"];
  const found: Finding[] = [];
  // What a variable makes of the URL is for the run to see.
  if (url === undefined || !/^(?:https:|\$\{)/.test(url)) {
    found.push({ path: at, atKey: true, says: "is of no use: only a server with an https URL speaks TLS" });
  }
  const { ca, cert, key, passphrase, insecure } = tls;
  if (cert !== undefined && key === undefined) {
    found.push({ path: at, says: "has a cert without the key that goes with it" });
  }
  if (key !== undefined && cert === undefined) {
    found.push({ path: at, says: "has a key without the cert that goes with it" });
  }
  if (passphrase !== undefined && key === undefined) {
    found.push({ path: [...at, "passphrase"], atKey: true, says: "is of no use without a key" });
  }
  if (insecure && ca !== undefined) {
    const says = "contradict each other: insecure believes every certificate, whoever signed it";
    found.push({ path: at, says: `ca and insecure ${says}`, hint: "keep ca" });
  }
  return found;
}
