import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseNewerFields } from './proto-patch.ts';
import { type ProtoFile, readProtoTree, writeProtoTree } from './proto-tree.ts';

/**
 * Builds `sdk/dist/envoy-v3.binpb.gz`: one FileDescriptorSet of Envoy's v3 API, the few messages
 * of Istio's own filters and what Envoy added since. Does nothing where it is up to date.
 */
function build(): void {
  const require = createRequire(import.meta.url);
  const here = import.meta.dirname;
  const packageDir = dirname(require.resolve('@grpc/grpc-js-xds/package.json'));
  const newer = parseNewerFields(readFileSync(join(here, 'overlay/newer/fields.txt'), 'utf8'));
  const files = readProtoTree(packageDir, join(here, 'overlay'), newer);

  const dist = join(here, '..', 'dist');
  const target = join(dist, 'envoy-v3.binpb.gz');
  const stamp = join(dist, 'envoy-v3.sources.sha256');
  const digest = digestOf(files);
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;

  const set = compile(files, require.resolve('@bufbuild/buf/package.json'));
  mkdirSync(dist, { recursive: true });
  writeFileSync(target, gzipSync(set, { level: 9 }));
  writeFileSync(stamp, digest);
  process.stdout.write(`xds: ${files.length} files, ${set.length} bytes of descriptors\n`);
}

function digestOf(files: readonly ProtoFile[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.name}\0${file.source}\0`);
  return hash.digest('hex');
}

function compile(files: readonly ProtoFile[], bufPackage: string): Uint8Array {
  const stage = mkdtempSync(join(tmpdir(), 'lateen-xds-'));
  try {
    writeProtoTree(files, join(stage, 'proto'));
    const output = join(stage, 'set.binpb');
    const args = ['build', join(stage, 'proto'), '--as-file-descriptor-set', '-o', output];
    // The package's own launcher finds the binary of this platform.
    execFileSync(
      process.execPath,
      [join(dirname(bufPackage), 'bin', 'buf'), ...args, '--exclude-source-info'],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    return readFileSync(output);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

build();
