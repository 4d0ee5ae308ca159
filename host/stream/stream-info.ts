import type { ConnectionInfo } from '../http/codec.ts';
import type { Cluster, Host, UpstreamConnection } from '../upstream/seam.ts';

/** Facts of one stream for properties, logs and statistics. Times in ms of the monotonic clock. */
export class StreamInfo {
  readonly connection: ConnectionInfo;
  readonly startedAt: number;
  readonly startedWall: number;
  /** -1 = has not happened. */
  requestEndAt = -1;
  upstreamFirstByteAt = -1;
  upstreamSentAt = -1;
  responseEndAt = -1;
  requestBodyBytes = 0;
  responseBodyBytes = 0;
  requestHeadBytes = 0;
  responseHeadBytes = 0;
  flags = 0;
  /** Empty until known. */
  details = '';
  /** 0 until known. */
  status = 0;
  attempts = 0;
  host: Host | null = null;
  upstreamConnection: UpstreamConnection | null = null;
  clusterName = '';
  cluster: Cluster | null = null;
  upstreamFailureReason = '';
  terminationDetails = '';

  constructor(connection: ConnectionInfo, startedAt: number, startedWall: number) {
    this.connection = connection;
    this.startedAt = startedAt;
    this.startedWall = startedWall;
  }
}
