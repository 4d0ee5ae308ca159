import { existsSync } from 'node:fs';
import { Child } from '../kit/child-process.ts';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { waitFor } from '../kit/wait-for.ts';
import { onCore } from './cores.ts';
import { childrenOf } from './process-cpu.ts';
import { waitForPort } from './wait-for-port.ts';

const BINARY = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(existsSync);

export const hasNginx = BINARY !== undefined;

/** A running nginx of one worker. */
export interface Nginx extends AsyncDisposable {
  /** The worker: where requests are paid for. */
  readonly workerPid: number;
}

/** Serves fixed answers: `/` of about 100 bytes, `/10k` of 10 kB. */
export function originServer(port: number): string {
  return `server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type text/plain;
    location / { return 200 "${'x'.repeat(100)}"; }
    location = /10k { root .; open_file_cache max=10; }
  }`;
}

/** Passes everything on over kept connections; logs to `logFile`, or not at all. */
export function proxyServer(port: number, originPort: number, logFile: string | undefined): string {
  const log =
    logFile === undefined ? 'access_log off;' : `access_log ${logFile} bench buffer=64k flush=1s;`;
  return `upstream origin { server 127.0.0.1:${originPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${log}
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_set_header host $http_host;
      proxy_set_header x-forwarded-for $remote_addr;
    }
  }`;
}

/** The fields of Envoy's default access log, as far as nginx knows them. */
const LOG_FORMAT = `log_format bench '[$time_iso8601] "$request" $status - $request_length $bytes_sent '
    '$request_time $upstream_response_time "$http_x_forwarded_for" "$http_user_agent" "$http_x_request_id" '
    '"$http_host" "$upstream_addr"';`;

export async function startNginx(
  port: number,
  server: string,
  part: 'measured' | 'load',
): Promise<Nginx> {
  if (BINARY === undefined) throw new Error('nginx is not installed');
  const directory = await TemporaryDirectory.make();
  const path = (name: string) => directory.join(name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${path(name)};`)
    .join('\n');
  // The worker has to read our temporary directory; started by others it runs as they do.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const configuration = `${user} daemon off; worker_processes 1; pid ${path('pid')}; error_log stderr crit;
  events { worker_connections 10000; }
  http { access_log off; keepalive_requests 1000000000; ${temporary} ${LOG_FORMAT}
  ${server} }`;
  await directory.write('nginx.conf', configuration);
  await directory.write('10k', 'y'.repeat(10_000));
  const [command, ...args] = onCore(part, [BINARY, '-p', directory.path, '-c', path('nginx.conf')]);
  const child = new Child(command!, args);
  await waitForPort(port, child);
  const workerPid = await waitFor('the worker of nginx', () => childrenOf(child.pid)[0]);
  return {
    workerPid,
    async [Symbol.asyncDispose]() {
      await child.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
}
