import { connect } from '../../client/sdk/node.js';
import { machineMs } from '../machine-clock.js';
import {
  PLACE_VARIABLE,
  type VisitorAnswer,
  type VisitorMessage,
  VisitorPlace,
  VisitorQuestion,
} from './visitor-messages.js';

/*
 * The process of one visitor of the demonstration: a client with a cache, that does what it is told
 * over its channel. It can be stopped where it stands like any program.
 */

function tell(message: VisitorMessage): void {
  process.send?.(message);
}

const place = VisitorPlace.parse(JSON.parse(process.env[PLACE_VARIABLE] ?? 'null'));
const client = await connect(place);
client.on('invalidated', (name) => tell({ kind: 'invalidated', name, atMs: machineMs() }));

async function answerTo(question: VisitorQuestion): Promise<VisitorAnswer> {
  const { id, kind, name, timeoutMs } = question;
  const result = kind === 'peek' ? client.peek(name) : await client.read(name, { timeoutMs });
  const nothing = { kind: 'answer', id, version: null, text: '', freshness: '' } as const;
  if (result === undefined) return { ...nothing, reason: 'not in memory' };
  if (result.outcome === 'failed') return { ...nothing, reason: result.message };
  if (result.outcome === 'absent') return { ...nothing, reason: 'there is no such file' };
  const { version, freshness } = result.file;
  return { ...nothing, version, text: result.file.text(), freshness, reason: '' };
}

process.on('message', (raw) => {
  answerTo(VisitorQuestion.parse(raw)).then(tell, () => process.exit(1));
});
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready', site: client.site });
