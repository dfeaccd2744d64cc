const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;

/** The files of a ZIP archive that compresses nothing, by name; throws at anything else. */
export function zipEntries(zip: Buffer): Map<string, Buffer> {
  const end = zip.length - END_BYTES;
  if (zip.readUInt32LE(end) !== END) throw new Error('this archive has no end');
  const entries = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (zip.readUInt32LE(at) !== ENTRY) throw new Error(`no entry at ${at}`);
    if (zip.readUInt16LE(at + 10) !== 0) throw new Error('this entry is compressed');
    const size = zip.readUInt32LE(at + 24);
    const lengths = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const [nameBytes = 0, extraBytes = 0, commentBytes = 0] = lengths;
    const name = zip.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    const local = zip.readUInt32LE(at + 42);
    const head = LOCAL_HEADER_BYTES + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    entries.set(name, zip.subarray(local + head, local + head + size));
    at += ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}
