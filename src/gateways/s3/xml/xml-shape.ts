import type { S3Failure } from '../s3-error.js';
import type { XmlElement } from './xml-reader.js';
import { malformedXml, readXml } from './xml-reader.js';

export type Root = { readonly ok: true; readonly root: XmlElement } | S3Failure;

/** Reads a document whose root has the given name. */
export function readRoot(bytes: Uint8Array, name: string): Root {
  const document = readXml(bytes);
  if (!document.ok) return document;
  return document.root.name === name
    ? document
    : malformedXml(`the document is not a ${name} but a ${document.root.name.slice(0, 100)}`);
}

/** How often a child has to be there. */
export type Occurrence = 'one' | 'optional' | 'many';

export type Children<Name extends string> =
  | {
      readonly ok: true;
      /** The one child of the name, where it is there. */
      first(name: Name): XmlElement | undefined;
      /** The text of the one child of the name. */
      text(name: Name): string | undefined;
      all(name: Name): readonly XmlElement[];
    }
  | S3Failure;

/** Sorts an element's children by name. Those that were not asked for make it malformed. */
export function readChildren<Name extends string>(
  element: XmlElement,
  occurrences: Readonly<Record<Name, Occurrence>>,
): Children<Name> {
  const byName = new Map<string, XmlElement[]>();
  for (const child of element.children) {
    if (!Object.hasOwn(occurrences, child.name)) {
      return malformedXml(`${element.name} has no ${child.name.slice(0, 100)} here`);
    }
    const same = byName.get(child.name);
    if (!same) byName.set(child.name, [child]);
    else if (occurrences[child.name as Name] !== 'many') {
      return malformedXml(`${element.name} has ${child.name} twice`);
    } else same.push(child);
  }
  if (element.children.length === 0 && element.text.trim() !== '') {
    return malformedXml(`${element.name} has text instead of elements`);
  }
  for (const name in occurrences) {
    if (occurrences[name] === 'one' && !byName.has(name)) {
      return malformedXml(`${element.name} has no ${name}`);
    }
  }
  return {
    ok: true,
    first: (name) => byName.get(name)?.[0],
    text: (name) => byName.get(name)?.[0]?.text,
    all: (name) => byName.get(name) ?? [],
  };
}
