/** Files in PEM; a certificate may be replaced while it is in use. */
export interface EtcdTls {
  /** Whom to believe that it is etcd; the system's authorities when not given. */
  readonly caFile?: string;
  /** What proves to etcd who this is; both or neither. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Where a cluster keeps its documents in etcd. */
export interface EtcdConfig {
  /** `http://` or `https://`, all of them or none, nearest first; members of one etcd cluster. */
  readonly endpoints: readonly string[];
  /** Before every key; ends in `/`. Clusters that share an etcd have one each. */
  readonly prefix: string;
  readonly tls?: EtcdTls;
}

export const DEFAULT_ETCD_PREFIX = '/quorate/';
