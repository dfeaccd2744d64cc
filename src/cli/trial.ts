import { PassThrough, Readable } from 'node:stream';
import { main } from './main.js';

/** What came of a command. */
export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** For tests: runs a command as a user would, in this process; no site can be started by it. */
export async function tryCommand(
  words: readonly string[],
  { input = '', folder = '/' }: { readonly input?: string; readonly folder?: string } = {},
): Promise<Ran> {
  const out = new PassThrough();
  const err = new PassThrough();
  const world = {
    out,
    err,
    input: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    environment: {},
    folder,
    stopped: new AbortController().signal,
  };
  const exit = await main(words, world, () => Promise.reject(new Error('no site runs here')));
  return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}
