import { notices } from '../app/notices.svelte.ts';
import { store } from '../app/store.svelte.ts';
import { namesOf } from './file-actions.ts';
import { folderOf } from './names.ts';
import type { Row } from './row.ts';

/*
 * Many files as one ZIP archive, put together in this page. Where the browser lets a page write into
 * a file, it goes there as it comes; else the browser keeps it until it is whole.
 */

declare global {
  interface Window {
    /** Not every browser has it. */
    showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
  }
}

export async function downloadArchive(bucket: string, rows: readonly Row[]): Promise<void> {
  const base = rows[0]?.path ?? '';
  const title = rows.length === 1 ? (rows[0]?.name ?? bucket) : bucket;
  const target = await saveTarget(`${title}.zip`);
  if (target === 'cancelled') return;
  try {
    const names = await namesOf(bucket, rows);
    const { downloadZip } = await import('client-zip');
    const cut = `${bucket}/${folderOf(base)}`.length;
    const response = downloadZip(contents(names, cut));
    if (target !== null && response.body !== null) await response.body.pipeTo(target);
    else save(await response.blob(), `${title}.zip`);
  } catch (error) {
    notices.say(`The archive is not complete: ${(error as Error).message}.`, 'bad');
  }
}

async function* contents(
  names: readonly string[],
  cut: number,
): AsyncGenerator<{ name: string; lastModified: Date; input: ReadableStream<Uint8Array> }> {
  const client = await store.client();
  for (const name of names) {
    const read = await client.readStream(name);
    // Deleted since it was listed.
    if (read.outcome === 'absent') continue;
    if (read.outcome === 'failed') throw new Error(`${name}: ${read.message}`);
    yield { name: name.slice(cut), lastModified: read.file.modified, input: read.body };
  }
}

async function saveTarget(
  suggestedName: string,
): Promise<WritableStream<Uint8Array> | 'cancelled' | null> {
  const picker = window.showSaveFilePicker?.bind(window);
  if (picker === undefined) return null;
  try {
    return await (await picker({ suggestedName })).createWritable();
  } catch (error) {
    return (error as Error).name === 'AbortError' ? 'cancelled' : null;
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
