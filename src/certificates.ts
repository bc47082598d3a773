/** Whom to believe over TLS, what is shown to the far end, and what an error of TLS means to a person. */
import { getCACertificates, type ConnectionOptions } from "node:tls";
import { codeOf } from "./errors.ts";

export interface Trust {
  /** PEM, beside the authorities that this machine trusts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly insecure: boolean;
}

export function tlsOptionsOf({ ca, cert, key, passphrase, servername, insecure }: Trust): ConnectionOptions {
  return {
    rejectUnauthorized: !insecure,
    ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
  };
}

/** What is wrong and what to do, where TLS could not be agreed on: trying again would not help. */
export function trustTrouble(error: unknown): string | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return wrongName(error);
  const known = troubles.find(({ codes }) => codes.test(code));
  return known && `${known.says} (${code}): ${known.hint}`;
}

const troubles: readonly { readonly codes: RegExp; readonly says: string; readonly hint: string }[] = [
  {
    codes: /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    says: "its certificate is signed by itself, and not trusted",
    hint: "give that certificate as tls: { ca: file }",
  },
  {
    codes: /^(?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/,
    says: "its certificate is signed by an authority that is not trusted",
    hint: "give that authority's certificate as tls: { ca: file }",
  },
  { codes: /^CERT_HAS_EXPIRED$/, says: "its certificate has expired", hint: "give the server a new one" },
  {
    codes: /^CERT_NOT_YET_VALID$/,
    says: "its certificate is not valid yet",
    hint: "give the server another one, or set this machine's clock",
  },
  { codes: /^CERT_|^CRL_/, says: "its certificate is not valid", hint: "give the server a new one" },
  {
    codes: /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$|^EPROTO$/,
    says: "it does not speak TLS",
    hint: "say http:// in its url",
  },
  {
    codes:
      /^ERR_SSL_(?:TLSV13_ALERT_CERTIFICATE_REQUIRED|SSLV3_ALERT_HANDSHAKE_FAILURE|\w*BAD_CERTIFICATE|\w*UNKNOWN_CA)$/,
    says: "it does not believe the certificate that it is shown, or misses one",
    hint: "give one that it knows as tls: { cert: file, key: file }",
  },
  {
    codes: /^ERR_SSL_/,
    says: "no TLS could be agreed on with it",
    hint: "see which versions and ciphers it takes",
  },
];

function wrongName(error: unknown): string {
  const says = error instanceof Error ? error.message : "";
  const [, host = "its host", names = "other names"] =
    /Host: (\S+?)\. is not in the cert's altnames: (.+)$/.exec(says) ?? [];
  return `its certificate is not for ${host}, but for ${names}: correct its url, or say tls: { servername: … }`;
}
