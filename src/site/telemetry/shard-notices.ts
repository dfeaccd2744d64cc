import type { ShardEvent, StepDownReason } from '../../protocol/shard/effects.js';
import type { NoticeDetails, Report } from './site-log.js';

const GONE: Readonly<Record<StepDownReason, string>> = {
  superseded: 'another site has a later epoch',
  'claim-lapsed': 'its claim lapsed before it could be renewed',
  'quorum-lost': 'it no longer reached enough sites',
  'recovery-failed': 'it could not get what it needed from the others',
  'handed-over': 'it handed over',
  'storage-failed': 'its disk failed',
};

/** Who may find this alarming. */
const PLANNED: ReadonlySet<StepDownReason> = new Set(['superseded', 'handed-over']);

/** Tells operators what happened at a shard. `why`: what the last claim took over from. */
export function reportShardEvent(
  report: Report,
  shard: string,
  event: ShardEvent,
  why: string,
): void {
  const tell = (message: string, details: Omit<NoticeDetails, 'shard'> = {}): void =>
    report(message, { shard, ...details });
  const files = `the files of ${shard}`;
  switch (event.kind) {
    case 'claimed':
      return tell(`claimed ${files}: ${why}`, { fields: { epoch: event.epoch } });
    case 'crowned': {
      const { epoch, adoptedFrom } = event;
      return tell(`elected for ${files}`, { level: 'debug', fields: { epoch, adoptedFrom } });
    }
    case 'serving': {
      const { epoch, waitedMs } = event;
      const fields = { epoch, why, waitedMs: Math.round(waitedMs) };
      return tell(`is the primary of ${files} now: ${why}`, { event: 'primary', fields });
    }
    case 'stepped-down': {
      const { epoch, reason } = event;
      return tell(`is not the primary of ${files} any more: ${GONE[reason]}`, {
        event: 'primary-gone',
        level: PLANNED.has(reason) ? 'info' : 'warn',
        fields: { epoch, reason },
      });
    }
    case 'handing-over': {
      const { epoch, to } = event;
      const whom = to === '' ? 'whoever comes' : to;
      return tell(`hands ${files} over to ${whom}`, {
        event: 'handing-over',
        fields: { epoch, to },
      });
    }
    case 'joined':
      return tell(`has all of ${files} again and counts towards their quorum`, {
        event: 'catch-up-ended',
        fields: { seq: event.seq },
      });
    case 'configured': {
      const sites = event.configuration.sites.join(', ');
      return tell(`${files} are kept at ${sites} from here on`, { event: 'configured' });
    }
    case 'snapshot-started':
      return tell(`takes ${files} over from ${event.from} as a whole`, {
        event: 'snapshot-begun',
        fields: { from: event.from },
      });
    case 'snapshot-installed':
      return tell(`has taken over ${files}`, {
        event: 'snapshot-ended',
        fields: { seq: event.seq },
      });
    case 'storage-failed':
      return tell(`${files} take no writes here: ${event.message}`, { level: 'error' });
    case 'paused':
      return tell('did not run, or its clock jumped; nothing held before is trusted', {
        event: 'paused',
        level: 'warn',
        fields: { forMs: Math.round(event.forMs) },
      });
    case 'cut':
    case 'deduplicated':
    case 'lease-evicted':
    case 'write-passed':
      return;
  }
}
