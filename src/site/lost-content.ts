import { ContentUnreadable, type LostContent } from '../protocol/lost-content.js';

/** The bytes; `gone`: the version is kept no more; `lost`: no connected site has a good copy now. */
export type Mended = Uint8Array | 'gone' | 'lost';

export function noGoodCopy(what: string): string {
  return `${what}, and no site that can be reached has a good copy`;
}

export type Mend = (lost: LostContent) => Promise<Mended>;

/** What is read, also where content has to be brought back first. Throws what the read throws. */
export async function readMended<T>(read: () => T, mend: Mend): Promise<T> {
  let last: LostContent | null = null;
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ContentUnreadable)) throw error;
      const { file } = error;
      const isAgain = last?.name === file.name && last.version === file.version;
      if (isAgain || typeof (await mend(file)) === 'string') throw error;
      last = file;
    }
  }
}
