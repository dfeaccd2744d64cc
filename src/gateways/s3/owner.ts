import type { XmlWriter } from './xml/xml-writer.js';

/** Who owns all buckets and objects, as far as S3 has to be told: the cluster itself. */
export const OWNER_ID = 'quorate';

/** As documents have it. */
export const OWNER_XML = `<Owner><ID>${OWNER_ID}</ID><DisplayName>${OWNER_ID}</DisplayName></Owner>`;

export function writeOwner(writer: XmlWriter): void {
  writer.append(OWNER_XML);
}
