import type { XmlWriter } from './xml/xml-writer.js';

/** Who owns all buckets and objects, as far as S3 has to be told: the cluster itself. */
export const OWNER_ID = 'quorate';

export function writeOwner(writer: XmlWriter): void {
  writer.open('Owner').element('ID', OWNER_ID).element('DisplayName', OWNER_ID).close();
}
