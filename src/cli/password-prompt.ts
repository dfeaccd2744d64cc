import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './exit-code.js';
import { type World, write } from './world.js';

const LIMIT = 200;

/**
 * A password from the first line of the standard input, never from the command line, which other
 * users of the machine can see. On a terminal it is asked for, and not shown.
 */
export async function readPassword(world: World): Promise<string> {
  const isTerminal = 'isTTY' in world.input && world.input.isTTY === true;
  if (isTerminal) await write(world.err, 'Password: ');
  const silent = new Writable({ write: (_piece, _encoding, done) => done() });
  const lines = createInterface({ input: world.input, output: silent, terminal: isTerminal });
  const password = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
    lines.once('SIGINT', () => lines.close());
  });
  lines.close();
  if (isTerminal) await write(world.err, '\n');
  if (password !== '' && password.length <= LIMIT) return password;
  throw new UsageError(`a password has 1 to ${LIMIT} characters`);
}
