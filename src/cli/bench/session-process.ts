import { CacheClient } from './cache-client.js';
import { runMix } from './session-mix.js';
import { type SessionAnswer, SessionCommand } from './session-job.js';

/*
 * A process full of clients with caches, apart from the sites and from what measures them. It takes
 * one command after the other over its channel and answers each.
 */

/** Handshakes, and reads of one client, under way at once. */
const AT_ONCE = 32;
const clients: { readonly port: number; readonly client: CacheClient }[] = [];

async function eachOf<T>(items: readonly T[], atOnce: number, task: (item: T) => Promise<void>) {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await task(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function keep(prefix: string, names: number, mode: 'strong' | 'validate'): Promise<number> {
  await eachOf(clients, AT_ONCE, async ({ client }) => {
    const wanted = Array.from({ length: names }, (_, index) => `${prefix}${index}`);
    await eachOf(wanted, AT_ONCE, async (name) => {
      const read = await client.read(name, mode);
      if (!read.ok) throw new Error(`a read failed: ${read.reason}`);
    });
  });
  let entries = 0;
  for (const { client } of clients) {
    for (const { keep: terms } of client.state.cache.entries.values()) if (terms) entries += 1;
  }
  return entries;
}

async function answerTo(command: SessionCommand): Promise<SessionAnswer> {
  switch (command.kind) {
    case 'open': {
      const { ports, sessions, entries } = command;
      const wanted = ports.flatMap((port) => Array.from({ length: sessions }, () => port));
      await eachOf(wanted, AT_ONCE, async (port) => {
        clients.push({ port, client: await CacheClient.connect(port, entries) });
      });
      return { kind: 'opened', sessions: clients.length };
    }
    case 'keep':
      return { kind: 'kept', entries: await keep(command.prefix, command.names, command.mode) };
    case 'mix':
      return { kind: 'mixed', results: await runMix(clients, command) };
  }
}

process.on('message', (raw) => {
  answerTo(SessionCommand.parse(raw))
    .catch((error: unknown): SessionAnswer => ({ kind: 'failed', message: String(error) }))
    .then(
      (answer) => process.send?.(answer),
      () => process.exit(1),
    );
});
process.on('disconnect', () => process.exit(0));
