import { SaxesParser } from 'saxes';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';

/*
 * Documents that clients send are small and flat, and are read as such: no document type, so no
 * entities beyond XML's own five, and limits on depth, elements, attributes and text.
 */

const DEPTH_LIMIT = 8;
/** 10,000 parts with a number, an ETag and every checksum. */
const ELEMENT_LIMIT = 80_000;
const ATTRIBUTE_LIMIT = 8;
const TEXT_LIMIT_CHARACTERS = 4096;

export interface XmlElement {
  /** Without prefix: namespaces are not looked at, as half of all clients leave them out. */
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Character data; all of it is white space when there are children. */
  readonly text: string;
}

export type XmlDocument = { readonly ok: true; readonly root: XmlElement } | S3Failure;

interface GrowingElement extends XmlElement {
  readonly children: GrowingElement[];
  text: string;
}

/** Leaves the parser, which has no other way to be stopped. */
class Unreadable extends Error {}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Any bytes give a tree, or `MalformedXML`. The caller limits how many they are. */
export function readXml(bytes: Uint8Array): XmlDocument {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    return malformedXml('the document is not UTF-8');
  }
  try {
    return { ok: true, root: parse(text) };
  } catch (error) {
    if (error instanceof Unreadable) return malformedXml(error.message);
    throw error;
  }
}

export function malformedXml(why: string): S3Failure {
  const { message } = s3Failure('MalformedXML');
  return s3Failure('MalformedXML', `${message} (${why})`);
}

function parse(text: string): GrowingElement {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: GrowingElement[] = [];
  let root: GrowingElement | undefined;
  let elements = 0;
  let attributes = 0;
  const refuse = (why: string): never => {
    throw new Unreadable(why);
  };
  const addText = (piece: string): void => {
    const element = open.at(-1);
    if (!element) return;
    if (element.text.length + piece.length > TEXT_LIMIT_CHARACTERS) refuse('a text is too long');
    element.text += piece;
  };
  parser.on('error', (error) => refuse(error.message.slice(0, 200)));
  parser.on('doctype', () => refuse('a document type is not allowed'));
  parser.on('xmldecl', ({ encoding }) => {
    if (!/^(?:utf-8|us-ascii)$/i.test(encoding ?? 'utf-8')) refuse('the encoding is not UTF-8');
  });
  parser.on('opentagstart', () => {
    attributes = 0;
    elements += 1;
    if (open.length >= DEPTH_LIMIT) refuse('elements are nested too deep');
    if (elements > ELEMENT_LIMIT) refuse('there are too many elements');
  });
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > ATTRIBUTE_LIMIT) refuse('an element has too many attributes');
  });
  parser.on('opentag', (tag) => {
    const element: GrowingElement = { name: tag.local, children: [], text: '' };
    const parent = open.at(-1);
    if (parent) parent.children.push(element);
    else root = element;
    open.push(element);
  });
  parser.on('closetag', () => {
    const element = open.pop();
    const mixed = element && element.children.length > 0 && element.text.trim() !== '';
    if (mixed) refuse('text stands between elements');
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(text);
  parser.close();
  return root ?? refuse('there is no element');
}
