import type { FileVersion } from '../../protocol/file-version.js';
import type { ShardTiming } from '../../protocol/shard/config.js';
import type { ShardInput } from '../../protocol/shard/inputs.js';
import type { GrantedVersion } from '../../protocol/shard/messages.js';
import type { ShardState, Step } from '../../protocol/shard/state.js';
import { positionText } from './description.js';
import type { Core } from './core.js';
import { type Station, viewHead } from './station.js';

/** The stage, as its clients need it. */
export interface ClientStage {
  readonly core: Core;
  readonly nowMs: number;
  readonly timing: ShardTiming;
  /** The last invalidation that each client was sent, by client and file. */
  readonly invalidations: ReadonlyMap<string, number>;
  station(site: string): Station;
  state(site: string): ShardState;
  look<T>(site: string, what: (step: Step) => T): T;
  input(site: string, input: ShardInput): void;
  told(answerName: string): { readonly version: GrantedVersion };
}

interface Kept {
  readonly version: GrantedVersion;
  readonly generation: number;
  readonly serial: number;
}

interface StageClient {
  readonly site: string;
  readonly files: Map<string, Kept>;
  generation: number;
  /** On the stage's clock: what the client itself counts, from its asking. */
  endMs: number;
}

/**
 * Clients of the sites on a stage: what each was lent, and until when it may use it. They hear of an
 * invalidation when the script says that they are done with it.
 */
export class StageClients {
  private readonly clients = new Map<string, StageClient>();

  constructor(private readonly stage: ClientStage) {}

  /** The session's lease on the shard, as it is asked for and answered in one moment. */
  renew(site: string, id: string): string {
    const { stage } = this;
    const { core, timing } = stage;
    const lease = stage.look(site, (step) => core.renewClient(step, id));
    const client = this.client(site, id);
    const endMs = stage.nowMs + lease.durationMs * (1 - timing.driftRate) - timing.driftMarginMs;
    client.endMs = lease.generation === client.generation ? Math.max(client.endMs, endMs) : endMs;
    client.generation = lease.generation;
    return lease.durationMs > 0 ? `g${lease.generation} for ${lease.durationMs}` : 'nothing';
  }

  /** The client reads the file: what its site may tell it now, or was told by an earlier answer. */
  lend(site: string, id: string, name: string, answer?: string): string {
    const { stage } = this;
    const head = viewHead(stage.station(site).view, name);
    const version =
      answer === undefined ? this.toldVersion(site, name, head) : stage.told(answer).version;
    if (version === undefined) return 'nothing';
    const told = { name, version, viewed: () => head ?? null };
    const grant = stage.look(site, (step) => stage.core.lendToClient(step, id, told));
    if (grant === null) return 'nothing';
    this.client(site, id).files.set(name, { version, ...grant });
    return `g${grant.generation} serial ${grant.serial}`;
  }

  private toldVersion(
    site: string,
    name: string,
    head: FileVersion | undefined,
  ): GrantedVersion | undefined {
    const { stage } = this;
    if (stage.state(site).role.kind === 'primary') {
      return head === undefined
        ? null
        : { version: head.version, epoch: head.epoch, seq: head.seq };
    }
    return stage.look(site, (step) => stage.core.heldGrant(step, name))?.version;
  }

  /** The client has dropped what it was told to drop, and says so. */
  done(site: string, id: string, name: string | null): void {
    const { stage } = this;
    const serial = stage.invalidations.get(`${id} ${name ?? ''}`);
    if (serial === undefined) throw new Error(`${id} was not told to drop ${name ?? 'everything'}`);
    const { files } = this.client(site, id);
    if (name === null) files.clear();
    else files.delete(name);
    stage.input(site, { kind: 'client-done', session: id, name, serial });
  }

  /** The session ended; `certain`: the client said that it uses nothing any more. */
  gone(site: string, id: string, certain: boolean): void {
    if (certain) this.clients.delete(id);
    this.stage.input(site, { kind: 'client-gone', session: id, certain });
  }

  /** What the client would read from its own memory now. */
  held(id: string, name: string): string {
    const client = this.clients.get(id);
    const kept = client?.files.get(name);
    if (client === undefined || kept === undefined) return 'none';
    if (kept.generation !== client.generation || this.stage.nowMs >= client.endMs) return 'none';
    return versionText(kept.version);
  }

  private client(site: string, id: string): StageClient {
    const known = this.clients.get(id);
    if (known !== undefined) return known;
    const client = { site, files: new Map<string, Kept>(), generation: 0, endMs: 0 };
    this.clients.set(id, client);
    return client;
  }
}

export function versionText(version: GrantedVersion): string {
  return version === null ? 'absent' : `v${version.version} ${positionText(version)}`;
}
