/** A file to be uploaded, with its path below the folder it goes to. */
export interface LocalFile {
  readonly path: string;
  readonly file: File;
}

/** What was dropped, folders with everything in them. Call within the event: later it is gone. */
export async function droppedFiles(transfer: DataTransfer): Promise<LocalFile[]> {
  const entries = [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found: LocalFile[] = [];
  for (const { entry, file } of entries) {
    if (entry !== null) await collect(entry, '', found);
    else if (file !== null) found.push({ path: file.name, file });
  }
  return found;
}

async function collect(entry: FileSystemEntry, above: string, found: LocalFile[]): Promise<void> {
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    ).catch(() => null);
    if (file !== null) found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Gives some at a time, and nothing at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    );
    if (some.length === 0) return;
    for (const each of some) await collect(each, `${path}/`, found);
  }
}

/** What a file input holds; of a folder's input, with the paths below it. */
export function pickedFiles(input: HTMLInputElement): LocalFile[] {
  return [...(input.files ?? [])].map((file) => ({
    path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
    file,
  }));
}
