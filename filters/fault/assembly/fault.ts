import { CONTINUE, PAUSE } from '@lateen/sdk/abi/action';
import { RESPONSE_FLAG_FAULT_ABORT, RESPONSE_FLAG_FAULT_DELAY } from '@lateen/sdk/abi/extensions';
import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { setResponseFlags, setStreamTimer, streamRandom } from '@lateen/sdk/assembly/host/lateen';
import { sendLocalReply } from '@lateen/sdk/assembly/host/local-reply';
import { Counter } from '@lateen/sdk/assembly/host/metrics';
import { Property } from '@lateen/sdk/assembly/host/property';
import { continueRequest } from '@lateen/sdk/assembly/host/stream';
import { allMatch } from '@lateen/sdk/assembly/match/header-matcher';
import { AbortConfig } from './abort-config';
import { faultFor } from './configurations';
import { FaultConfig } from './fault-config';
import { activeFaults, isActive, markActive, rootOf, routeConfigOf } from './stream-state';

const NODE = Bytes.of('x-envoy-downstream-service-node');
const CLUSTER = Property.of('xds.cluster_name');
const delays = new Counter('fault.delays_injected');
const aborts = new Counter('fault.aborts_injected');
const overflows = new Counter('fault.faults_overflow');
const node = new Bytes();

/** Delays the request, answers it, or lets it pass. */
export function faultRequest(stream: i32): i32 {
  const config = faultFor(rootOf(stream), routeConfigOf(stream));
  if (config === null || !applies(config)) return CONTINUE;
  const delay = config.delay;
  if (delay !== null) {
    const milliseconds = delay.chosen(mixed(streamRandom(), DELAY_SALT));
    if (milliseconds > 0 && admits(config) && setStreamTimer(<u32>milliseconds)) {
      markActive(stream);
      delays.increment();
      setResponseFlags(RESPONSE_FLAG_FAULT_DELAY);
      return PAUSE;
    }
  }
  return aborted(stream, config) ? PAUSE : CONTINUE;
}

/** The delay is over: a fault may still answer the request. */
export function resumeAfterDelay(stream: i32): void {
  const config = faultFor(rootOf(stream), routeConfigOf(stream));
  if (config === null || !aborted(stream, config)) continueRequest();
}

function applies(config: FaultConfig): bool {
  const cluster = config.cluster;
  if (cluster !== null && !(CLUSTER.read() && CLUSTER.value.equals(cluster))) return false;
  if (config.nodes.length > 0 && !fromNode(config)) return false;
  return allMatch(config.headers);
}

function fromNode(config: FaultConfig): bool {
  if (!readHeader(REQUEST_HEADERS, NODE, node)) return false;
  for (let i = 0; i < config.nodes.length; i++) {
    if (unchecked(config.nodes[i]).equals(node)) return true;
  }
  return false;
}

/** Whether another fault may begin. */
function admits(config: FaultConfig): bool {
  if (config.activeMax < 0 || activeFaults < config.activeMax) return true;
  overflows.increment();
  return false;
}

function aborted(stream: i32, config: FaultConfig): bool {
  const abort = config.abort;
  if (abort === null || !abort.picks(mixed(streamRandom(), ABORT_SALT))) return false;
  if (!isActive(stream) && !admits(config)) return false;
  markActive(stream);
  reply(abort);
  return true;
}

function reply(abort: AbortConfig): void {
  aborts.increment();
  setResponseFlags(RESPONSE_FLAG_FAULT_ABORT);
  sendLocalReply(abort.status, 'fault filter abort', [], 'fault_filter_abort', abort.grpc);
}

const DELAY_SALT: u64 = wide(0x9e3779b9, 0x7f4a7c15);
const ABORT_SALT: u64 = wide(0xc2b2ae3d, 0x27d4eb4f);
const FIRST_FACTOR: u64 = wide(0xbf58476d, 0x1ce4e5b9);
const SECOND_FACTOR: u64 = wide(0x94d049bb, 0x133111eb);

/** Delays and aborts are drawn apart: one random value, two independent lots (a splitmix step). */
function mixed(random: u64, salt: u64): u64 {
  let value = random + salt;
  value = (value ^ (value >> 30)) * FIRST_FACTOR;
  value = (value ^ (value >> 27)) * SECOND_FACTOR;
  return value ^ (value >> 31);
}

/** A 64-bit constant in two halves: linters that read JavaScript cannot read it in one. */
function wide(high: u64, low: u64): u64 {
  return (high << 32) | low;
}
