import type { Tag, Tags } from '../tags.js';
import { checkTags } from '../tags.js';
import { readChildren, readRoot } from './xml-shape.js';
import { S3_NAMESPACE, XmlWriter } from './xml-writer.js';

export const TAGGING_LIMIT_BYTES = 64 * 1024;

/** The body of PutObjectTagging (`limit` is OBJECT_TAG_LIMIT) and of PutBucketTagging. */
export function readTagging(bytes: Uint8Array, limit: number): Tags {
  const document = readRoot(bytes, 'Tagging');
  if (!document.ok) return document;
  const tagging = readChildren(document.root, { TagSet: 'one' });
  if (!tagging.ok) return tagging;
  const tagSet = readChildren(tagging.first('TagSet')!, { Tag: 'many' });
  if (!tagSet.ok) return tagSet;
  const tags: Tag[] = [];
  for (const element of tagSet.all('Tag')) {
    const tag = readChildren(element, { Key: 'one', Value: 'one' });
    if (!tag.ok) return tag;
    tags.push({ key: tag.text('Key')!, value: tag.text('Value')! });
  }
  return checkTags(tags, limit);
}

export function writeTagging(tags: readonly Tag[]): string {
  const xml = new XmlWriter('Tagging', S3_NAMESPACE).open('TagSet');
  for (const { key, value } of tags) {
    xml.open('Tag').element('Key', key).element('Value', value).close();
  }
  return xml.end();
}
