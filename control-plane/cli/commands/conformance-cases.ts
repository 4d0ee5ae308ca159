/** What a host has to answer when the driver module runs a case. */
export interface ConformanceCase {
  readonly name: string;
  /** Sent with the request. */
  readonly body?: string;
  readonly expect: {
    readonly status: number;
    readonly body: string;
    readonly header?: readonly [name: string, value: string];
    /** Header of the request as it reaches the service; false = it never does, null = it may. */
    readonly arrives: readonly [name: string, value: string] | false | null;
  };
}

const HOST_CALLS = [
  'proxy_log',
  'proxy_get_current_time_nanoseconds',
  'proxy_get_header_map_value',
  'proxy_replace_header_map_value',
  'proxy_get_header_map_pairs',
  'proxy_get_property',
  'proxy_set_shared_data',
  'proxy_enqueue_shared_queue',
  'proxy_define_metric',
  'proxy_get_buffer_bytes',
  'proxy_call_foreign_function',
  'proxy_http_call',
];

const seen = (name: string) => ['x-seen-request', name] as const;
const answered = (name: string) => ['x-seen-response', name] as const;

const PHASES: readonly ConformanceCase[] = [
  phase('request headers', 'hello\n'),
  phase('response headers', 'hello\n'),
  { ...phase('request body', 'changed on the way'), body: 'as it was' },
  phase('response body', 'changed on the way back'),
  {
    name: 'reply in request headers',
    expect: {
      status: 418,
      body: 'from request headers',
      header: ['x-reply', 'one'],
      arrives: false,
    },
  },
  {
    name: 'reply in request body',
    body: 'kept',
    expect: { status: 418, body: 'from request body', arrives: null },
  },
  {
    name: 'reply in response headers',
    expect: {
      status: 418,
      body: 'from response headers',
      arrives: seen('reply in response headers'),
    },
  },
];

export const CASES: readonly ConformanceCase[] = [
  ...HOST_CALLS.map((call) => ({
    name: `call ${call}`,
    expect: { status: 200, body: 'pass', arrives: false as const },
  })),
  ...PHASES,
];

/** Headers are marked in both directions, and the body is the service's or the driver's. */
function phase(name: string, body: string): ConformanceCase {
  return { name, expect: { status: 200, body, header: answered(name), arrives: seen(name) } };
}
