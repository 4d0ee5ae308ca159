import { must } from '../oci/testing/session.ts';
import { openRecords } from '../records.ts';
import { openModuleStore } from '../store.ts';

/** One of several processes on one directory: writes, reads, makes room, and tells what was wrong. */
const [directory = '', name = ''] = process.argv.slice(2);
const BYTES_MAX = 400;
const damaged: string[] = [];
const store = must(
  await openModuleStore(`${directory}/modules`, BYTES_MAX, (digest) => void damaged.push(digest)),
);
const records = must(await openRecords(`${directory}/records`));
const faults: string[] = [];

for (let round = 0; round < 60; round += 1) {
  const text = `module ${round % 12}`.padEnd(100, '.');
  const digest = must(await store.write(Buffer.from(text)));
  await records.setOrigin('shared', { digest, manifest: undefined, signedBy: [name] });
  await records.setOrigin(name, { digest, manifest: undefined, signedBy: [] });
  const bytes = await store.read(digest);
  if (bytes !== undefined && Buffer.from(bytes).toString() !== text) faults.push(`read ${round}`);
  const shared = await records.origin('shared');
  if (shared === undefined) faults.push(`no shared record in ${round}`);
  const own = await records.origin(name);
  if (own?.digest !== digest) faults.push(`another record in ${round}`);
  await store.prune(new Set());
}
console.log(JSON.stringify({ faults, damaged }));
