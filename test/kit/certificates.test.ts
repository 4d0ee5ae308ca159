import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { CertificateAuthority } from './certificates.ts';

test('a TLS handshake succeeds with a chain over an intermediate, and fails without its root', async () => {
  const authority = CertificateAuthority.create();
  const credential = authority
    .intermediate()
    .issue({ dnsNames: ['a.test'], ipAddresses: ['127.0.0.1'] });
  const server = createServer({ cert: credential.chain, key: credential.privateKey }, (socket) => {
    socket.end('hello');
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const good = connect({ port, host: '127.0.0.1', ca: authority.root, servername: 'a.test' });
  const [data] = await once(good, 'data');
  expect(String(data)).toBe('hello');
  const bad = connect({ port, host: '127.0.0.1', ca: CertificateAuthority.create().root });
  const [error] = await once(bad, 'error');
  expect(error).toBeInstanceOf(Error);
  bad.destroy();
  good.destroy();
  server.close();
});

test('a certificate holds the names, the times and the identity that were asked for', () => {
  const authority = CertificateAuthority.create();
  const uri = 'spiffe://cluster.local/ns/default/sa/reviews';
  const notAfter = new Date('2020-01-02T00:00:00Z');
  const notBefore = new Date('2020-01-01T00:00:00Z');
  const { certificate } = authority.issue({ uris: [uri], notBefore, notAfter, commonName: 'old' });
  const parsed = new X509Certificate(certificate);
  expect(parsed.subjectAltName).toBe(`URI:${uri}`);
  expect(parsed.ca).toBe(false);
  expect(new Date(parsed.validTo)).toEqual(notAfter);
  expect(parsed.verify(new X509Certificate(authority.root).publicKey)).toBe(true);
  expect(new X509Certificate(authority.root).ca).toBe(true);
});
