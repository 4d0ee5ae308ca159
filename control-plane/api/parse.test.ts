import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectKey } from './object.ts';
import { parseDocuments } from './parse.ts';

const read = (text: string) => parseDocuments({ file: 'a.yaml', text });
const codes = (text: string) => read(text).problems.map((problem) => problem.code);
const messages = (text: string) => read(text).problems.map((problem) => problem.message);

const NAMED = 'metadata: {name: a}';

function virtualService(spec: string, version = 'networking.istio.io/v1'): string {
  return `apiVersion: ${version}\nkind: VirtualService\n${NAMED}\nspec: ${spec}\n`;
}

const ROUTE = '{hosts: [a], http: [{route: [{destination: {host: a}}]}]}';

describe('documents', () => {
  it.each(['v1', 'v1beta1', 'v1alpha3'])('takes a VirtualService in %s', (version) => {
    const { value, problems } = read(virtualService(ROUTE, `networking.istio.io/${version}`));
    expect(problems).toEqual([]);
    expect(value.objects.map(objectKey)).toEqual(['VirtualService default/a']);
  });

  it('reads several documents, leaves empty ones out and takes Lists apart', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, ${NAMED}}\n`;
    const { value, problems } = read(
      `---\n---\n${list}---\n# nothing\n---\n${virtualService(ROUTE)}`,
    );
    expect(problems).toEqual([]);
    expect(value.objects.map(objectKey)).toEqual(['Service default/a', 'VirtualService default/a']);
    expect(value.objects[0]?.source.at(['metadata', 'name'])).toMatchObject({
      line: 6,
      column: 52,
    });
  });

  it('reads JSON', () => {
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: {} };
    expect(read(JSON.stringify(object, null, 2)).value.objects).toHaveLength(1);
  });

  it('resolves anchors and merge keys', () => {
    const text = `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: &l {app: x}\n  annotations: {<<: *l, b: c}\n`;
    expect(read(text).value.objects[0]?.metadata.annotations).toEqual({ app: 'x', b: 'c' });
  });

  it('ignores what Kubernetes keeps beside it, and names what it does not know', () => {
    expect(codes(`apiVersion: apps/v1\nkind: Deployment\n${NAMED}\nspec: {any: thing}`)).toEqual(
      [],
    );
    const { value, problems } = read(`apiVersion: example.com/v1\nkind: Widget\n${NAMED}`);
    expect(problems.map(({ level, code }) => [level, code])).toEqual([['warning', 'LAT0102']]);
    expect(value.broken).toBe(false);
  });

  it("says when a kind stands under somebody else's group", () => {
    const [problem] = read(`apiVersion: v1\nkind: VirtualService\n${NAMED}`).problems;
    expect(problem?.fix).toBe('write apiVersion: networking.istio.io/v1');
  });

  it('keeps one object from taking the others with it', () => {
    const bad = virtualService('{hosts: [a], htpp: []}');
    const { value } = read(`${bad}---\n${virtualService(ROUTE)}`);
    expect(value.broken).toBe(true);
    expect(value.objects).toHaveLength(1);
  });
});

describe('hostile text', () => {
  it.each([
    ['half a document', 'apiVersion: v1\nkind: Serv'],
    ['an open bracket', 'a: [1, 2'],
    ['tabs', 'a:\n\tb: 1'],
    ['a key that stands twice', 'a: 1\na: 2'],
    ['nesting of a thousand levels', `${'{a: '.repeat(1000)}1${'}'.repeat(1000)}`],
    ['nesting of a hundred thousand levels', '['.repeat(100_000)],
    ['a list where an object belongs', '- a\n- b'],
    ['an alias of nothing', 'a: *b'],
    ['an unknown tag with a bad value', '!!float abc'],
  ])('reports %s and breaks the file', (_, text) => {
    const { value, problems } = read(text);
    expect(value).toMatchObject({ objects: [], broken: true });
    expect(problems[0]).toMatchObject({ level: 'error', origin: { file: 'a.yaml' } });
  });

  it('stops aliases that multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++) {
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
    }
    expect(codes(lines.join('\n'))).toEqual(['LAT0101']);
  });

  it('refuses a text beyond the limit unread', () => {
    const limits = { fileBytesMax: 100, documentsMax: 2, aliasesMax: 1, depthMax: 9 };
    const input = { file: 'a.yaml', text: '#'.repeat(101) };
    expect(parseDocuments(input, limits).problems[0]?.message).toContain('larger than 100 bytes');
    const many = { file: 'a.yaml', text: '---\na: 1\n---\nb: 1\n---\nc: 1' };
    expect(parseDocuments(many, limits).problems[0]?.message).toContain('more than 2 documents');
  });

  it('takes no harm from names of Object.prototype', () => {
    const text = virtualService(
      '{hosts: [a], http: [{match: [{headers: {constructor: {exact: x}}}], directResponse: {status: 200}}]}',
    );
    expect(read(text).problems).toEqual([]);
    expect(codes(`apiVersion: v1\nkind: constructor\n${NAMED}`)).toEqual(['LAT0102']);
    expect(codes(virtualService('{__proto__: {hosts: [a]}}')).length).toBeGreaterThan(0);
    expect(({} as { hosts?: unknown }).hosts).toBeUndefined();
  });

  it('never throws, and always says something about text that gives no object', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { value, problems } = read(text);
        expect(value.broken ? problems.length : 1).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('survives any single change of a good text', () => {
    const good = virtualService(ROUTE);
    fc.assert(
      fc.property(fc.nat(good.length), fc.string({ maxLength: 3 }), fc.nat(3), (at, put, cut) => {
        const { value, problems } = read(good.slice(0, at) + put + good.slice(at + cut));
        const errors = problems.filter((problem) => problem.level === 'error');
        expect(errors.length > 0).toBe(value.broken || value.refused.length > 0);
        for (const problem of problems) expect(problem.origin.file).toBe('a.yaml');
      }),
      { numRuns: 300 },
    );
  });
});

describe('values', () => {
  it.each([
    [
      '{hosts: ["*"], http: [{directResponse: {status: 200}}]}',
      '"*" cannot be a host for sidecars',
    ],
    ['{hosts: [a], http: [{}]}', 'needs one of route, redirect, directResponse'],
    ['{hosts: [a], http: [{redirect: {uri: /}, directResponse: {status: 200}}]}', 'only one of'],
    ['{hosts: [a], http: [{match: [{uri: {regex: "(a"}}], directResponse: {status: 200}}]}', 'RE2'],
    [
      '{hosts: [a], http: [{match: [{uri: {regex: "(?=a)"}}], directResponse: {status: 200}}]}',
      'RE2',
    ],
    [
      '{hosts: [a], http: [{match: [{uri: {exact: a, prefix: b}}], directResponse: {status: 200}}]}',
      'only one of exact, prefix',
    ],
    [
      '{hosts: [a], http: [{route: [{destination: {host: a}, weight: 0}, {destination: {host: b}, weight: 0}]}]}',
      'must not all be 0',
    ],
    [
      '{hosts: [a], http: [{route: [{destination: {host: a}}], retries: {retryOn: "5xx,conect-failure"}}]}',
      'did you mean "connect-failure"',
    ],
    [
      '{hosts: [a], http: [{route: [{destination: {host: a}}], fault: {delay: {percentage: {value: 150}, fixedDelay: 1s}}}]}',
      '100',
    ],
    [
      '{hosts: [a], http: [{route: [{destination: {host: a}}], fault: {abort: {percentage: {value: 1}}}}]}',
      'needs httpStatus',
    ],
    [
      '{hosts: [a], http: [{route: [{destination: {host: a}}], headers: {request: {set: {x: "a\\nb"}}}}]}',
      'control characters',
    ],
    [
      '{hosts: [a], http: [{route: [{destination: {host: a}}], headers: {request: {set: {x: "100%"}}}}]}',
      'no known %OPERATOR%',
    ],
    ['{hosts: ["a..b"], http: [{directResponse: {status: 200}}]}', 'must be a host name'],
    [
      '{hosts: [a], http: [{route: [{destination: {host: a}}], timeout: 5}]}',
      'timeout must be a string',
    ],
    ['{hosts: [a], http: [{route: [{destination: {host: a}}], timeout: 5 s}]}', 'is no duration'],
  ])('refuses %s', (spec, message) => {
    expect(messages(virtualService(spec)).join('\n')).toContain(message);
  });

  it.each(['uri', 'queryParams: {q', 'headers: {x-a'])(
    'refuses an empty pattern in %s',
    (where) => {
      const close = where.includes('{') ? '}' : '';
      const match = `{${where}: {regex: ""}${close}}`;
      const route = '[{destination: {host: a}}]';
      const [message] = messages(
        virtualService(`{hosts: [a], http: [{match: [${match}], route: ${route}}]}`),
      );
      expect(message).toContain('must not be empty: an empty pattern matches the empty text only');
    },
  );

  it('reads durations as users write them', () => {
    const text = virtualService(
      '{hosts: [a], http: [{route: [{destination: {host: a}}], timeout: 1h2m3.5s}]}',
    );
    const [object] = read(text).value.objects;
    expect(object?.kind === 'VirtualService' && object.spec.http?.[0]?.timeout).toBe(3_723_500);
  });

  it.each([
    ['{rules: [{from: [{source: {ipBlocks: ["10.0.0.0/33"]}}]}]}', 'IP address or a block'],
    ['{rules: [{to: [{operation: {ports: ["http"]}}]}]}', 'port between 1 and 65535'],
    ['{rules: [{to: [{operation: {}}]}]}', 'at least one property'],
    ['{rules: [{from: []}]}', 'must not be empty'],
    ['{rules: [{from: }]}', 'from is empty, which would match anything'],
    ['{rules: [{when: [{key: source.ip, values: [here]}]}]}', 'IP address'],
    ['{rules: [{to: [{operation: {paths: ["/a/{**}/b/*"]}}]}]}', 'template'],
    ['{action: deny}', 'did you mean "DENY"'],
  ])('refuses the policy %s', (spec, message) => {
    const text = `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n${NAMED}\nspec: ${spec}`;
    const { value, problems } = read(text);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
    expect(value.objects).toEqual([]);
  });

  it.each([
    '{rules: [{from: [{source: {namespaces: [a]}}]}]}',
    '{rules: [{from: [{source: {notPrincipals: [a]}}]}]}',
    '{rules: [{when: [{key: "request.auth.claims[a]", values: [b]}]}]}',
    '{action: CUSTOM, provider: {name: x}, rules: [{}]}',
    '{targetRefs: [{kind: Gateway, name: a}]}',
  ])('refuses the policy %s whole, without breaking its file', (spec) => {
    const text = `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n${NAMED}\nspec: ${spec}`;
    const { value, problems } = read(text);
    expect(value).toMatchObject({
      objects: [],
      broken: false,
      refused: ['AuthorizationPolicy default/a'],
    });
    expect(problems[0]?.code).toBe('LAT0103');
  });

  it('takes data: modules and refuses schemes that nobody fetches', () => {
    const plugin = (url: string) =>
      `apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n${NAMED}\nspec: {url: "${url}"}`;
    for (const url of [
      'data:application/wasm;base64,AGFzbQEAAAA=',
      'ghcr.io/a/b:latest',
      'file:///a.wasm',
    ]) {
      expect(codes(plugin(url))).toEqual([]);
    }
    expect(messages(plugin('ftp://a/b.wasm')).join()).toContain('must begin with one of');
  });

  it("keeps nulls inside a plugin's own configuration", () => {
    const text = `apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n${NAMED}\nspec: {url: "file:///a", phase: null, pluginConfig: {a: null}}`;
    const [object] = read(text).value.objects;
    expect(object?.kind === 'WasmPlugin' && object.spec.pluginConfig).toEqual({ a: null });
  });
});
