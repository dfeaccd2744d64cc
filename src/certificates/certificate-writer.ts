import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import * as x509 from '@peculiar/asn1-x509';

/** What a new certificate says. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `authority`: may sign certificates that sign nothing; `member`: speaks and answers under TLS. */
  readonly role: 'authority' | 'member';
  readonly uris?: readonly string[];
  /** DNS names and IP addresses. */
  readonly hosts?: readonly string[];
}

/** Who signs it, with an elliptic-curve key on P-256. */
export interface Issuer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const VERSION_3 = 2;
const SERIAL_BYTES = 16;
/** Longer common names are no longer read by everybody. */
const COMMON_NAME_LIMIT = 64;

/** A signed X.509 certificate (RFC 5280) in PEM. */
export function writeCertificate(request: CertificateRequest, issuer: Issuer): string {
  const algorithm = new x509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const publicKey = request.publicKey.export({ type: 'spki', format: 'der' });
  const body = new x509.TBSCertificate({
    version: VERSION_3,
    serialNumber: newSerial(),
    signature: algorithm,
    issuer: distinguishedName(issuer.commonName),
    validity: new x509.Validity({
      notBefore: new Date(request.notBeforeMs),
      notAfter: new Date(request.notAfterMs),
    }),
    subject: distinguishedName(request.commonName),
    subjectPublicKeyInfo: AsnConvert.parse(publicKey, x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions(extensionsOf(request, issuer)),
  });
  const signed = Buffer.from(AsnConvert.serialize(body));
  const certificate = new x509.Certificate({
    tbsCertificate: body,
    signatureAlgorithm: algorithm,
    signatureValue: bytesOf(sign('sha256', signed, issuer.privateKey)),
  });
  return pem(Buffer.from(AsnConvert.serialize(certificate)));
}

/** A positive number that nobody can foretell. */
function newSerial(): ArrayBuffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytesOf(bytes);
}

function distinguishedName(commonName: string): x509.Name {
  if (commonName.length === 0 || commonName.length > COMMON_NAME_LIMIT) {
    throw new Error(`a common name has 1 to ${COMMON_NAME_LIMIT} characters`);
  }
  const value = new x509.AttributeValue({ utf8String: commonName });
  const attribute = new x509.AttributeTypeAndValue({ type: COMMON_NAME, value });
  return new x509.Name([new x509.RelativeDistinguishedName([attribute])]);
}

function extensionsOf(request: CertificateRequest, issuer: Issuer): x509.Extension[] {
  const { role, publicKey, uris = [], hosts = [] } = request;
  const isAuthority = role === 'authority';
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;
  const issuerKeyId = keyId(createPublicKey(issuer.privateKey));
  const extensions = [
    extension(
      x509.id_ce_basicConstraints,
      true,
      new x509.BasicConstraints(isAuthority ? { cA: true, pathLenConstraint: 0 } : { cA: false }),
    ),
    extension(
      x509.id_ce_keyUsage,
      true,
      new x509.KeyUsage(isAuthority ? keyCertSign | cRLSign : digitalSignature),
    ),
    extension(
      x509.id_ce_subjectKeyIdentifier,
      false,
      new x509.SubjectKeyIdentifier(keyId(publicKey)),
    ),
    extension(
      x509.id_ce_authorityKeyIdentifier,
      false,
      new x509.AuthorityKeyIdentifier({ keyIdentifier: new x509.KeyIdentifier(issuerKeyId) }),
    ),
  ];
  if (isAuthority) return extensions;
  const names = [
    ...uris.map((uri) => new x509.GeneralName({ uniformResourceIdentifier: uri })),
    ...hosts.map(
      (host) => new x509.GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host }),
    ),
  ];
  return [
    ...extensions,
    extension(
      x509.id_ce_extKeyUsage,
      false,
      new x509.ExtendedKeyUsage([x509.id_kp_serverAuth, x509.id_kp_clientAuth]),
    ),
    extension(x509.id_ce_subjectAltName, false, new x509.SubjectAlternativeName(names)),
  ];
}

function extension(extnID: string, critical: boolean, value: unknown): x509.Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new x509.Extension({ extnID, critical, extnValue });
}

/** RFC 7093, method 1: the beginning of the SHA-256 of the key. */
function keyId(publicKey: KeyObject): ArrayBuffer {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const { subjectPublicKey } = AsnConvert.parse(der, x509.SubjectPublicKeyInfo);
  const hash = createHash('sha256').update(Buffer.from(subjectPublicKey)).digest();
  return bytesOf(hash.subarray(0, 20));
}

function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
