import { generateKeyPairSync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

export interface CertificateOptions {
  /** Common name; default `test`. */
  readonly commonName?: string;
  readonly dnsNames?: readonly string[];
  /** SPIFFE identities and other URIs. */
  readonly uris?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Default: an hour ago. */
  readonly notBefore?: Date;
  /** Default: in a day. */
  readonly notAfter?: Date;
  /** Default 2048. */
  readonly rsaBits?: number;
  /** basicConstraints CA:TRUE; default false. */
  readonly ca?: boolean;
}

/** A certificate with its key, both PEM. */
export interface Credential {
  readonly certificate: string;
  readonly privateKey: string;
  /** The certificate, then those that lead to its root, without the root. */
  readonly chain: string;
}

const HOUR_MS = 3_600_000;

/** A certificate authority for tests: good certificates, and bad ones of every wanted kind. */
export class CertificateAuthority {
  readonly #certificate: forge.pki.Certificate;
  readonly #key: forge.pki.rsa.PrivateKey;
  readonly #above: string;
  /** The root to trust, PEM. */
  readonly root: string;

  private constructor(issued: Issued, root: string | undefined, above: string) {
    this.#certificate = issued.certificate;
    this.#key = issued.key;
    this.#above = above;
    this.root = root ?? forge.pki.certificateToPem(issued.certificate);
  }

  /** A self-signed root. */
  static create(options: CertificateOptions = {}): CertificateAuthority {
    const settings = { commonName: 'test root', ca: true, ...options };
    return new CertificateAuthority(issue(settings, undefined), undefined, '');
  }

  /** An authority below this one. */
  intermediate(options: CertificateOptions = {}): CertificateAuthority {
    const settings = { commonName: 'test intermediate', ca: true, ...options };
    const issued = issue(settings, { certificate: this.#certificate, key: this.#key });
    const above = forge.pki.certificateToPem(issued.certificate) + this.#above;
    return new CertificateAuthority(issued, this.root, above);
  }

  issue(options: CertificateOptions = {}): Credential {
    const issued = issue(options, { certificate: this.#certificate, key: this.#key });
    const certificate = forge.pki.certificateToPem(issued.certificate);
    return {
      certificate,
      privateKey: forge.pki.privateKeyToPem(issued.key),
      chain: certificate + this.#above,
    };
  }
}

interface Issued {
  readonly certificate: forge.pki.Certificate;
  readonly key: forge.pki.rsa.PrivateKey;
}

function issue(options: CertificateOptions, issuer: Issued | undefined): Issued {
  // node:crypto makes the key: forge would block for 200 ms.
  const pair = generateKeyPairSync('rsa', {
    modulusLength: options.rsaBits ?? 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const key = forge.pki.privateKeyFromPem(pair.privateKey);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  // A leading 00-7f keeps the serial number positive.
  certificate.serialNumber = `0${randomBytes(15).toString('hex').slice(1)}`;
  certificate.validity.notBefore = options.notBefore ?? new Date(Date.now() - HOUR_MS);
  certificate.validity.notAfter = options.notAfter ?? new Date(Date.now() + 24 * HOUR_MS);
  const subject = [{ name: 'commonName', value: options.commonName ?? 'test' }];
  certificate.setSubject(subject);
  certificate.setIssuer(issuer === undefined ? subject : issuer.certificate.subject.attributes);
  certificate.setExtensions(extensionsOf(options));
  certificate.sign(issuer?.key ?? key, forge.md.sha256.create());
  return { certificate, key };
}

/** GeneralName tags of RFC 5280 4.2.1.6. */
const SAN = { dns: 2, uri: 6, ip: 7 } as const;

function extensionsOf(options: CertificateOptions): object[] {
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: SAN.dns, value })),
    ...(options.uris ?? []).map((value) => ({ type: SAN.uri, value })),
    ...(options.ipAddresses ?? []).map((ip) => ({ type: SAN.ip, ip })),
  ];
  const ca = options.ca ?? false;
  const usage = ca ? { keyCertSign: true, cRLSign: true } : { digitalSignature: true };
  return [
    { name: 'basicConstraints', cA: ca, critical: true },
    { name: 'keyUsage', critical: true, ...usage },
    ...(ca ? [] : [{ name: 'extKeyUsage', serverAuth: true, clientAuth: true }]),
    ...(names.length === 0 ? [] : [{ name: 'subjectAltName', altNames: names }]),
  ];
}
