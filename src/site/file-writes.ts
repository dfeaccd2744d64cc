import type { FileVersion } from '../protocol/file-version.js';
import type { SubmitOutcome } from '../protocol/node/outcomes.js';
import { latestOf } from '../protocol/shard/membership.js';
import type { WriteConditions, WriteIntent, WriteRejection } from '../protocol/request.js';
import type { Conditions, RejectReason, WriteOptions, WriteOutcome } from './file-service.js';
import { readToken } from './position-token.js';
import type { ShardCalls } from './shard-calls.js';
import { noteWait, traceText } from './telemetry/request-trace.js';

type FileIntent = Extract<WriteIntent, { kind: 'put' | 'delete' }>;

/** Ids of clients and ids of the store itself never meet. */
const CLIENT_ID = 'client/';

export function rejected(reason: RejectReason, message: string): WriteOutcome {
  return { outcome: 'rejected', reason, message };
}

/** Brings writes of files to their primaries and says in words what came of them. */
export class FileWrites {
  constructor(private readonly calls: ShardCalls) {}

  async put(intent: FileIntent, options: WriteOptions): Promise<WriteOutcome> {
    const { node, newRequestId } = this.calls.context;
    const since = sinceOf(options);
    if (since === null) return rejected('invalid_since', 'the position token is not one of a site');
    const requestId = clientId(options.requestId) ?? newRequestId();
    const shardFor = (): string => node.shardFor(intent.name);
    const { trace } = options;
    if (trace?.span) this.calls.context.writeSpans?.proposes(requestId, trace.span);
    const startMs = performance.now();
    const outcome = await this.calls.submit(shardFor, {
      requestId,
      since: since.get(shardFor()) ?? null,
      intent,
      conditions: conditionsOf(options),
      ...(trace !== undefined && { trace: traceText(trace) }),
    });
    noteWait(trace, 'primaryMs', performance.now() - startMs);
    return this.told(intent, outcome);
  }

  /**
   * What came of the id if it took effect for this name: for a retry that finds itself overtaken by
   * its own first attempt. Null if it did not, or if that cannot be known now.
   */
  async earlier(name: string, requestId: string | undefined): Promise<WriteOutcome | null> {
    const id = clientId(requestId);
    if (id === undefined) return null;
    const drive = this.calls.driveFor(name);
    if (!(await this.calls.catchUp([drive.shard], null)).ok) return null;
    const record = drive.state.requests.records.get(id);
    if (record === undefined || record.name !== name) return null;
    if (record.seq > drive.state.releasedSeq) return null;
    const file = drive.versionAt(record);
    return file === undefined ? null : this.committed(file, drive.shard);
  }

  private told(intent: FileIntent, outcome: SubmitOutcome): WriteOutcome {
    const { answer, primary } = outcome;
    switch (answer.outcome) {
      case 'committed':
        if (answer.name !== intent.name) {
          const message = `the request id was used before, for ${answer.name}; use another`;
          return rejected('precondition_failed', message);
        }
        return this.committed(this.fileOf(intent, answer), primary);
      case 'rejected': {
        const message = this.rejectionText(answer.reason, intent, answer.current);
        const { current } = answer;
        const reason = ofFile(answer.reason);
        return { outcome: 'rejected', reason, message, ...(current !== null && { current }) };
      }
      case 'unknown':
        return { outcome: 'unknown', reason: answer.reason, message: unknownText(answer.reason) };
    }
  }

  private committed(file: FileVersion, primary: string): WriteOutcome {
    const { site } = this.calls.context.config;
    return {
      outcome: 'committed',
      file,
      served: { site, primary, freshness: 'primary', ageMs: null },
    };
  }

  /** The version as the log here has it, or as it follows from the request where it is not here. */
  private fileOf(
    intent: FileIntent,
    answer: Extract<SubmitOutcome['answer'], { outcome: 'committed' }>,
  ): FileVersion {
    const here = this.calls.driveFor(intent.name).versionAt(answer);
    if (here !== undefined) return here;
    const put = intent.kind === 'put' ? intent : undefined;
    const { name, version, epoch, seq, atMs } = answer;
    return {
      name,
      version,
      epoch,
      seq,
      deleted: put === undefined,
      content: put?.content ?? null,
      metadata: intent.metadata ?? {},
      modifiedMs: atMs,
    };
  }

  private rejectionText(
    reason: WriteRejection,
    intent: FileIntent,
    current: FileVersion | null,
  ): string {
    const { name } = intent;
    switch (reason) {
      case 'no_primary':
        return `no site acts for ${name} now; another is about to take over; nothing was stored`;
      case 'quorum_unavailable': {
        const fault = this.calls.quorumFault();
        const { writeQuorum } = latestOf(this.calls.driveFor(name).state.membership);
        const there = `the primary cannot reach the ${writeQuorum} sites it needs`;
        return `${fault ?? there}; nothing was stored`;
      }
      case 'precondition_failed':
        return current === null || current.deleted
          ? `${name} does not exist, which a condition of the request speaks against`
          : `${name} is at version ${current.version}, which a condition of the request excludes`;
      case 'no_such_file':
        return `${name} does not exist`;
      case 'overloaded':
        return 'the primary has as many writes under way as it may; nothing was stored';
      case 'moving':
        return `${name} is on its way from one primary to another; nothing was stored`;
      case 'names_have_files':
        return `${name} has files`;
      case 'ready':
      case 'not_ready':
      case 'wrong_change':
        return 'the sites of the store are being changed';
      case 'storage_failed':
        return `the disk of the primary of ${name} refuses writes; nothing was stored`;
    }
  }
}

/** Changes of sites are refused in ways that writes of files are not. */
function ofFile(reason: WriteRejection): RejectReason {
  const isOfSites = reason === 'ready' || reason === 'not_ready' || reason === 'wrong_change';
  return isOfSites ? 'moving' : reason;
}

/** The id as the log has it. */
function clientId(requestId: string | undefined): string | undefined {
  return requestId === undefined ? undefined : CLIENT_ID + requestId;
}

function sinceOf(options: WriteOptions): ReadonlyMap<string, number> | null {
  return options.since === undefined ? new Map() : readToken(options.since);
}

function conditionsOf(conditions: Conditions): WriteConditions {
  const { ifVersion, ifHead, ifAbsent, ifMatch, ifNoneMatch } = conditions;
  return {
    ...(ifHead !== undefined && { ifHead }),
    ...(ifVersion !== undefined && { ifVersion }),
    ...(ifAbsent !== undefined && { ifAbsent }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
  };
}

function unknownText(reason: 'primary_lost' | 'forgotten' | 'timeout'): string {
  switch (reason) {
    case 'primary_lost':
      return 'the primary was lost on the way; retry under the same request id';
    case 'forgotten':
      return 'the request id is older than what is remembered; read the file to see what happened';
    case 'timeout':
      return 'no answer came in time; retry under the same request id';
  }
}
