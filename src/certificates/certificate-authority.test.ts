import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseAlternativeNames } from './alternative-names.js';
import { CertificateAuthority, type KeyedCertificate } from './certificate-authority.js';
import { siteOfUri, siteUri } from './site-names.js';

const nowMs = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const authority = CertificateAuthority.create('Quorate cluster c-1', nowMs, 100);
const root = new X509Certificate(authority.pem.certificate);

function issue(days = 30): KeyedCertificate {
  const hosts = ['10.0.0.1', 'nyc.example.org', '2001:db8::1'];
  return authority.issueForSite('c-1', 'nyc', { hosts, nowMs, days });
}

it('a certificate of a site is signed by its cluster, and by no other of the same name', () => {
  const certificate = new X509Certificate(issue().certificate);
  expect(certificate.checkIssued(root)).toBe(true);
  expect(certificate.verify(root.publicKey)).toBe(true);
  const other = CertificateAuthority.create('Quorate cluster c-1', nowMs);
  expect(certificate.verify(new X509Certificate(other.pem.certificate).publicKey)).toBe(false);
});

it('a certificate names its site and where it answers', () => {
  const certificate = new X509Certificate(issue().certificate);
  const names = parseAlternativeNames(certificate.subjectAltName);
  expect(names.uris).toEqual([siteUri('c-1', 'nyc')]);
  expect(names.uris.map(siteOfUri)).toEqual(['nyc']);
  expect(names.dnsNames).toEqual(['nyc.example.org']);
  expect(names.addresses).toEqual(['10.0.0.1', '2001:DB8:0:0:0:0:0:1']);
  expect(certificate.checkHost('nyc.example.org')).toBe('nyc.example.org');
  expect(certificate.checkIP('2001:db8::1')).toBe('2001:db8::1');
  expect(certificate.ca).toBe(false);
});

it('a certificate comes with its own new key', () => {
  const { certificate, key } = issue();
  expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(issue().key).not.toBe(key);
});

it('a certificate is not valid for longer than the authority that signed it', () => {
  expect(Date.parse(new X509Certificate(issue(30).certificate).validTo)).toBe(nowMs + 30 * DAY_MS);
  const endMs = Date.parse(root.validTo);
  expect(Date.parse(new X509Certificate(issue(900).certificate).validTo)).toBe(endMs);
});

it('an authority that was written down signs on', () => {
  const read = CertificateAuthority.read(authority.pem);
  if (typeof read === 'string') throw new Error(read);
  const issued = read.issue({ commonName: 'etcd nyc', hosts: ['10.0.0.1'], nowMs, days: 1 });
  expect(new X509Certificate(issued.certificate).verify(root.publicKey)).toBe(true);
  expect(new X509Certificate(issued.certificate).subject).toBe('CN=etcd nyc');
});

it('what is no authority is refused by name', () => {
  const { key } = CertificateAuthority.create('other', nowMs).pem;
  const { certificate } = authority.pem;
  expect(CertificateAuthority.read({ certificate, key })).toContain('does not belong');
  expect(CertificateAuthority.read(issue())).toContain('not that of an authority');
  expect(CertificateAuthority.read({ certificate: 'x', key })).toContain('cannot be read');
});

it('alternative names are not taken for more than they are', () => {
  const names = parseAlternativeNames('DNS:a.b, DNS:"c, URI:quorate://c/site/nyc", URI:x:"y');
  expect(names.uris).toEqual(['x:"y']);
  expect(names.dnsNames).toEqual(['a.b', 'c, URI:quorate://c/site/nyc']);
  expect(parseAlternativeNames(undefined)).toEqual({ uris: [], dnsNames: [], addresses: [] });
});

it('a name that is not of a site is nobody', () => {
  expect(siteOfUri('quorate://c/site/%zz')).toBeNull();
  expect(siteOfUri('https://c/site/nyc')).toBeNull();
  expect(siteOfUri(siteUri('a/b c', 'n'))).toBe('n');
});
