import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServedStore } from './console-browser.ts';

const SOURCE = new URL('../..', import.meta.url).pathname;
const PROGRAM = join(SOURCE, 'bin', 'quorate.js');
/** In the order of their ports. */
const PLACES = ['nyc', 'tor', 'lon', 'fra'];
const run = promisify(execFile);

/** For tests: a store as `npm start` has it, built and run by `quorate up`; it can be broken. */
export class LocalStore implements ServedStore {
  private constructor(
    private readonly process: ChildProcess,
    private readonly shared: readonly string[],
    private readonly folder: string,
    private readonly basePort: number,
    readonly adminKey: string,
  ) {}

  static async start(basePort: number): Promise<LocalStore> {
    for (const script of ['build', 'build:console']) {
      await run('npm', ['run', '--silent', script], { cwd: SOURCE });
    }
    const folder = await mkdtemp(join(tmpdir(), 'quorate-local-'));
    const shared = ['--base-port', `${basePort}`, '--data', folder];
    const words = [PROGRAM, 'up', ...shared, '--wan', 'off'];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => (said += String(text)));
    // It says where its sites are once all of them are ready.
    const ready = once(child.stdout, 'data').then(() => true);
    if (!(await Promise.race([ready, once(child, 'exit').then(() => false)]))) {
      throw new Error(said);
    }
    child.stdout.resume();
    const adminKey = (await readFile(join(folder, 'admin.key'), 'utf8')).trim();
    return new LocalStore(child, shared, folder, basePort, adminKey);
  }

  url(site: string): string {
    return `http://127.0.0.1:${this.basePort + 10 * PLACES.indexOf(site) + 11}`;
  }

  /** What a command of the command line prints, in both places. */
  async command(...words: string[]): Promise<string> {
    const { stdout, stderr } = await run(process.execPath, [PROGRAM, ...words, ...this.shared]);
    return stdout + stderr;
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}
