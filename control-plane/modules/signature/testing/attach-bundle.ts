import { OCI_INDEX, OCI_MANIFEST } from '../../oci/manifest.ts';
import type { RegistrySession } from '../../oci/session.ts';
import { must } from '../../oci/testing/session.ts';
import { writeBlob, writeDescriptor, writeManifest } from '../../oci/write.ts';
import { preAuthentication } from '../bundle.ts';
import type { keyPair } from './key-pair.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const STATEMENT = 'application/vnd.in-toto+json';

/** Signs an image as `cosign sign` of version 3 does in a registry that has no list of referrers. */
export async function attachBundle(
  session: RegistrySession,
  image: { readonly digest: string; readonly size: number },
  pair: ReturnType<typeof keyPair>,
): Promise<void> {
  const bytes = bundleFor(image.digest, pair);
  const empty = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') };
  const config = writeDescriptor(must(await writeBlob(session, empty)));
  const layer = writeDescriptor(must(await writeBlob(session, { mediaType: BUNDLE, bytes })));
  const subject = { mediaType: OCI_MANIFEST, digest: `sha256:${image.digest}`, size: image.size };
  const shape = { schemaVersion: 2, mediaType: OCI_MANIFEST, artifactType: BUNDLE };
  const json = { ...shape, config, layers: [layer], subject };
  const written = must(await writeManifest(session, undefined, { mediaType: OCI_MANIFEST, json }));
  const entry = {
    mediaType: OCI_MANIFEST,
    digest: `sha256:${written.digest}`,
    size: written.size,
    artifactType: BUNDLE,
  };
  const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] };
  const tag = `sha256-${image.digest}`;
  must(await writeManifest(session, tag, { mediaType: OCI_INDEX, json: list }));
}

function bundleFor(digest: string, { signing }: ReturnType<typeof keyPair>): Buffer {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: digest } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  };
  const body = Buffer.from(JSON.stringify(statement));
  const sig = Buffer.from(signing.sign(preAuthentication(STATEMENT, body))).toString('base64');
  const payload = body.toString('base64');
  const dsseEnvelope = { payload, payloadType: STATEMENT, signatures: [{ sig }] };
  return Buffer.from(JSON.stringify({ mediaType: BUNDLE, dsseEnvelope }));
}
