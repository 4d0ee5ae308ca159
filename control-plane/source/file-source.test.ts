import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { systemClock } from '@lateen/sdk/base/clock';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { objectKey } from '../api/object.ts';
import { type FileSource, openFileSource, type SourceState } from './file-source.ts';

const open: FileSource[] = [];
afterEach(() => {
  for (const source of open.splice(0)) source.close();
});

function service(name: string, port = 80): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: ${port}}]}\n`;
}

const names = (state: SourceState) => state.objects.map((object) => object.metadata.name);
const errors = (state: SourceState) =>
  state.problems.filter((problem) => problem.level === 'error').map((problem) => problem.code);
function portOf(state: SourceState, name: string): number | undefined {
  const object = state.objects.find((item) => objectKey(item) === `Service default/${name}`);
  return object?.kind === 'Service' ? object.spec.ports?.[0]?.port : undefined;
}

/** A source on a clock that stands still: nothing is read unless the test asks. */
async function still(paths: readonly string[]): Promise<FileSource> {
  const source = await openFileSource({ paths, clock: new SteppedClock(), onChange: () => {} });
  open.push(source);
  return source;
}

/** A source as production has it, and every state it told of. */
async function live(paths: readonly string[], rescanMs = 60_000) {
  const states: SourceState[] = [];
  const onChange = (state: SourceState): void => void states.push(state);
  const source = await openFileSource({ paths, clock: systemClock, onChange, rescanMs });
  open.push(source);
  return { source, states };
}

describe('a directory of resources', () => {
  it('is read with its subdirectories, without hidden files and other kinds of files', async () => {
    await using dir = await TemporaryDirectory.make({
      'a.yaml': service('a'),
      'sub/b.yml': service('b'),
      'sub/c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'c' } }),
      '.hidden.yaml': service('hidden'),
      '.git/d.yaml': service('d'),
      'README.md': 'not: yaml: at: all',
      'a.yaml~': service('backup'),
    });
    const source = await still([dir.path]);
    expect(names(source.current())).toEqual(['a', 'b', 'c']);
    expect(source.current().problems).toEqual([]);
  });

  it('may be a single file, whatever its name', async () => {
    await using dir = await TemporaryDirectory.make({ 'mesh.conf': service('a') });
    expect(names((await still([dir.join('mesh.conf')])).current())).toEqual(['a']);
  });

  it('follows links once, even in circles', async () => {
    await using dir = await TemporaryDirectory.make({ 'a.yaml': service('a') });
    await symlink(dir.path, dir.join('loop'));
    await symlink(dir.join('nothing'), dir.join('dangling.yaml'));
    const state = (await still([dir.path])).current();
    expect(names(state)).toEqual(['a']);
    expect(errors(state)).toEqual(['LAT0100']);
  });

  it('reports what cannot be read and goes on', async () => {
    await using dir = await TemporaryDirectory.make({
      'a.yaml': service('a'),
      'b.yaml': new Uint8Array([0xff, 0xfe, 0x00]),
    });
    const state = (await still([dir.path, dir.join('missing')])).current();
    expect(names(state)).toEqual(['a']);
    expect(errors(state)).toEqual(['LAT0100', 'LAT0100']);
  });
});

describe('the last good version', () => {
  it.each([
    ['half-written text', 'apiVersion: v1\nkind: Serv'],
    ['an unknown field', service('a', 81).replace('ports', 'prots')],
    ['a wrong type', service('a', 81).replace('81', '"81"')],
    [
      'an unknown kind',
      `${service('a', 81)}---\napiVersion: v1\nkind: Servce\nmetadata: {name: x}\n`,
    ],
    [
      'one bad object behind a good one',
      `${service('a', 81)}---\n${service('x').replace('port:', 'prot:')}`,
    ],
  ])('of a file stays in force under %s', async (_, text) => {
    await using dir = await TemporaryDirectory.make({ 'a.yaml': service('a', 80) });
    const source = await still([dir.path]);
    await dir.write('a.yaml', text);
    const broken = await source.rescan();
    expect(portOf(broken, 'a')).toBe(80);
    expect(errors(broken).length).toBeGreaterThan(0);
    expect(broken.problems.map((problem) => problem.code)).toContain('LAT0106');
    await dir.write('a.yaml', service('a', 82));
    const mended = await source.rescan();
    expect(portOf(mended, 'a')).toBe(82);
    expect(mended.problems).toEqual([]);
  });

  it('of a file that never was whole is its good objects', async () => {
    const text = `${service('a')}---\n${service('b').replace('ports', 'prots')}`;
    await using dir = await TemporaryDirectory.make({ 'a.yaml': text });
    expect(names((await still([dir.path])).current())).toEqual(['a']);
  });

  it('of an object that is no longer supported stays, and its file goes on', async () => {
    const plugin = (extra: string) =>
      `apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: p}\nspec: {url: "file:///a"${extra}}\n`;
    await using dir = await TemporaryDirectory.make({ 'a.yaml': plugin('') });
    const source = await still([dir.path]);
    await dir.write('a.yaml', `${plugin(', type: NETWORK')}---\n${service('new')}`);
    const state = await source.rescan();
    expect(names(state).sort()).toEqual(['new', 'p']);
    expect(errors(state)).toEqual(['LAT0103']);
  });

  it('outlives a directory that is gone', async () => {
    await using dir = await TemporaryDirectory.make({ 'x/a.yaml': service('a') });
    const source = await still([dir.join('x')]);
    await rm(dir.join('x'), { recursive: true });
    const state = await source.rescan();
    expect(names(state)).toEqual(['a']);
    expect(errors(state)).toEqual(['LAT0100']);
  });
});

describe('an object in two places', () => {
  it('is a conflict; the one that was there first stays in force', async () => {
    await using dir = await TemporaryDirectory.make({ 'm.yaml': service('a', 80) });
    const source = await still([dir.path]);
    await dir.write('b.yaml', service('a', 81));
    const both = await source.rescan();
    expect(portOf(both, 'a')).toBe(80);
    expect(both.problems[0]).toMatchObject({
      code: 'LAT0105',
      origin: { file: dir.join('b.yaml') },
    });
    await rm(dir.join('m.yaml'));
    const one = await source.rescan();
    expect(portOf(one, 'a')).toBe(81);
    expect(one.problems).toEqual([]);
  });

  it('is a conflict inside one file, too', async () => {
    await using dir = await TemporaryDirectory.make({
      'a.yaml': `${service('a', 80)}---\n${service('a', 81)}`,
    });
    const state = (await still([dir.path])).current();
    expect(portOf(state, 'a')).toBe(80);
    expect(errors(state)).toEqual(['LAT0105']);
  });
});

describe('watching', () => {
  it('notices writes, new files, new directories, renames and deletions', async () => {
    await using dir = await TemporaryDirectory.make({ 'a.yaml': service('a', 80) });
    const { source } = await live([dir.path]);
    const sees = (what: string, probe: (state: SourceState) => boolean) =>
      waitFor(what, () => probe(source.current()));
    await dir.write('a.yaml', service('a', 81));
    await sees('the write', (state) => portOf(state, 'a') === 81);
    await writeFile(dir.join('.a.yaml.swp'), service('a', 82));
    await rename(dir.join('.a.yaml.swp'), dir.join('a.yaml'));
    await sees('an editor saving by rename', (state) => portOf(state, 'a') === 82);
    await mkdir(dir.join('sub'));
    await dir.write('sub/b.yaml', service('b', 1));
    await sees('a file in a new directory', (state) => portOf(state, 'b') === 1);
    await dir.write('sub/b.yaml', service('b', 2));
    await sees('a write in it', (state) => portOf(state, 'b') === 2);
    await rm(dir.join('sub'), { recursive: true });
    await sees('the deletion', (state) => names(state).join() === 'a');
  });

  it('believes that objects are gone only after the quiet time, however often it looks', async () => {
    const whole = `${service('a')}---\n${service('b')}`;
    await using dir = await TemporaryDirectory.make({ 'a.yaml': whole, 'z.yaml': service('z', 1) });
    const clock = new SteppedClock();
    const options = { paths: [dir.path], clock, onChange: () => {}, rescanMs: 5, debounceMs: 50 };
    const source = await openFileSource(options);
    open.push(source);
    let looks = 1;
    /** Moves time on; returns when a look has happened, seen by a file that changes each time. */
    const look = async (ms: number): Promise<string> => {
      looks += 1;
      await dir.write('z.yaml', service('z', looks));
      clock.advance(ms);
      await waitFor('a look', () => {
        if (portOf(source.current(), 'z') === looks) return true;
        clock.advance(0);
        return false;
      });
      return names(source.current()).join();
    };
    for (const half of ['', service('a')]) {
      await dir.write('a.yaml', half);
      for (let count = 0; count < 4; count++) expect(await look(5)).toBe('a,b,z');
      await dir.write('a.yaml', whole);
      expect(await look(5)).toBe('a,b,z');
    }
    await rm(dir.join('a.yaml'));
    for (let count = 0; count < 4; count++) expect(await look(5)).toBe('a,b,z');
    await look(50);
    expect(await look(5)).toBe('z');
  });

  it('is still told of changes where watching failed, by looking again', async () => {
    await using dir = await TemporaryDirectory.make({ 'a.yaml': service('a', 80) });
    const clock = new SteppedClock();
    const states: SourceState[] = [];
    const source = await openFileSource({
      paths: [dir.path],
      clock,
      onChange: (state) => states.push(state),
    });
    open.push(source);
    await dir.write('a.yaml', service('a', 81));
    clock.advance(2_000);
    await waitFor('the second look', () => portOf(source.current(), 'a') === 81);
    clock.advance(2_000);
    await source.rescan();
    expect(states).toHaveLength(1);
  });
});
