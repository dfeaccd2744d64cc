import { once } from 'node:events';
import type { BackupSource } from '../../site/backup/backup-source.js';
import { type Exchange, sendJson, sendProblem } from './exchange.js';
import { send } from '../http-exchange.js';
import { refusal } from './problem.js';

const PATH = '/v1/backup';
const SHARDS = `${PATH}/shards/`;
const CHUNKS = `${PATH}/chunks/`;

export function isBackupPath(path: string): boolean {
  return path === PATH || path.startsWith(`${PATH}/`);
}

/** `/v1/backup`, `/v1/backup/shards/<shard>` and `/v1/backup/chunks/<hash>`: what a backup keeps. */
export async function answerBackup(exchange: Exchange, path: string): Promise<void> {
  const { upkeep } = exchange.service;
  if (upkeep === null) {
    return sendProblem(exchange, refusal('no_such_route', 'this service keeps nothing on a disk'));
  }
  const { backup } = upkeep;
  if (path === PATH) return describe(exchange, backup);
  if (path.startsWith(SHARDS)) return sendArchive(exchange, backup, path.slice(SHARDS.length));
  const hash = path.startsWith(CHUNKS) ? path.slice(CHUNKS.length) : '';
  if (/^[0-9a-f]{64}$/.test(hash)) return sendChunk(exchange, backup, hash);
  sendProblem(exchange, refusal('no_such_route', `nothing is at ${path.slice(0, 200)}`));
}

function describe(exchange: Exchange, backup: BackupSource): void {
  const description = backup.describe();
  if (description !== null) return sendJson(exchange, 200, description);
  const message = 'the primary table is being changed, or not known here yet';
  sendProblem(exchange, refusal('moving', message));
}

async function sendArchive(exchange: Exchange, backup: BackupSource, shard: string): Promise<void> {
  const answer = await backup.archive(shard);
  if (!answer.ok) {
    const code = answer.reason === 'no_such_shard' ? 'no_such_route' : answer.reason;
    return sendProblem(exchange, refusal(code, answer.message));
  }
  const { response } = exchange;
  try {
    for await (const piece of answer.archive) {
      if (response.destroyed) return;
      if (!response.headersSent) {
        response.writeHead(200, ['Content-Type', 'application/octet-stream']);
      }
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), closed(exchange)]);
    }
    response.end();
  } catch (error) {
    // A cut connection is the only honest answer once something was sent.
    response.destroy();
    throw error;
  }
}

function closed({ response }: Exchange): Promise<void> {
  return new Promise((resolve) => response.once('close', resolve));
}

async function sendChunk(exchange: Exchange, backup: BackupSource, hash: string): Promise<void> {
  const read = await backup.chunk(hash);
  if (read.ok) {
    return send(exchange, 200, ['Content-Type', 'application/octet-stream'], read.bytes);
  }
  const code = read.reason === 'io_error' ? 'storage_failed' : 'no_such_file';
  sendProblem(exchange, refusal(code, read.message));
}
