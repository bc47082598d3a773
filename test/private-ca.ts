/** Certificates of an authority that only this test knows, made by openssl. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certified {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface PrivateCa {
  readonly file: string;
  readonly pem: string;
  /** For these names; days below zero: it has ended already. */
  certify(name: string, about?: { readonly names?: string; readonly days?: number }): Certified;
}

/** In this folder. */
export function privateCa(folder: string, called = "ca"): PrivateCa {
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;
  const subject = ["-subj", `/CN=${called}`, "-addext", "basicConstraints=critical,CA:TRUE"];
  openssl("req", "-x509", ...newKey, "-keyout", `${called}.key`, "-out", `${called}.pem`, "-days", "2", ...subject);
  const read = (file: string): string => readFileSync(join(folder, file), "utf8");
  return {
    file: join(folder, `${called}.pem`),
    pem: read(`${called}.pem`),
    certify: (name, { names = "DNS:localhost,IP:127.0.0.1", days = 2 } = {}) => {
      const altNames = ["-addext", `subjectAltName=${names}`];
      openssl(
        "req",
        "-new",
        ...newKey,
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        `/CN=${name}`,
        ...altNames,
      );
      const by = ["-CA", `${called}.pem`, "-CAkey", `${called}.key`, "-copy_extensions", "copy", "-days", String(days)];
      openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by);
      return {
        cert: read(`${name}.pem`),
        key: read(`${name}.key`),
        certFile: join(folder, `${name}.pem`),
        keyFile: join(folder, `${name}.key`),
      };
    },
  };
}
