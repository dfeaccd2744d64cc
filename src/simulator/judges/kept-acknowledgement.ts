import type { ShardLog } from '../../protocol/ports.js';
import type { Finding } from './finding.js';

/** What a replica has said that it holds, and the epoch it said so in. */
interface Said {
  epoch: number;
  seq: number;
}

/**
 * I6 for one site, while it happens: what a replica has acknowledged to the primary of an epoch it
 * does not cut again as long as it follows that epoch. Only a later primary's log may say otherwise,
 * or the site itself, when it declares that it has forgotten.
 */
export class KeptAcknowledgements {
  private readonly said = new Map<string, Said>();
  /** The epoch that each shard's log here has promised, on disk or on its way there. */
  private readonly promised = new Map<string, number>();

  constructor(
    private readonly site: string,
    private readonly found: (finding: Finding) => void,
  ) {}

  /** An acknowledgement leaves. */
  acknowledged(shard: string, epoch: number, seq: number): void {
    const said = this.said.get(shard);
    if (said === undefined || epoch > said.epoch) this.said.set(shard, { epoch, seq });
    else if (epoch === said.epoch) said.seq = Math.max(said.seq, seq);
  }

  /** The site comes back as one that has forgotten, and has said so. */
  forgotten(): void {
    this.said.clear();
  }

  /** The same log, which promises this epoch by now, with its cuts looked at. */
  watchLog(shard: string, promisedEpoch: number, log: ShardLog): ShardLog {
    this.promised.set(shard, promisedEpoch);
    return {
      write: (write, done) => {
        const { cutFrom, hardState } = write;
        if (hardState !== undefined) this.promised.set(shard, hardState.promisedEpoch);
        if (cutFrom !== undefined) this.cut(shard, cutFrom);
        log.write(write, done);
      },
      read: (from, limit, done) => log.read(from, limit, done),
      trim: (upToSeq) => log.trim(upToSeq),
      reset: (base, hardState, done) => {
        this.promised.set(shard, hardState.promisedEpoch);
        this.cut(shard, base.seq + 1);
        log.reset(base, hardState, done);
      },
    };
  }

  private cut(shard: string, fromSeq: number): void {
    const said = this.said.get(shard);
    if (said === undefined || said.epoch !== this.promised.get(shard) || fromSeq > said.seq) return;
    this.found({
      invariant: 'I6',
      message:
        `${this.site} cuts ${shard} from entry ${fromSeq} on, while it follows epoch ${said.epoch}, ` +
        `whose primary it has told that it holds everything up to ${said.seq}`,
      operations: [],
    });
  }
}
