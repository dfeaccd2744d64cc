import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readXml } from './xml-reader.js';

function refusalOf(text: string | Uint8Array): string {
  const read = readXml(typeof text === 'string' ? Buffer.from(text) : text);
  if (read.ok) throw new Error('the document was read');
  expect(read.code).toBe('MalformedXML');
  return read.message;
}

describe('reading XML', () => {
  it('reads elements with any namespace or prefix, and joins text with CDATA', () => {
    const read = readXml(
      Buffer.from(
        '\ufeff<?xml version="1.0" encoding="utf-8"?><!-- a --><s:A xmlns:s="urn:x">\n' +
          '<s:B x="1">a&amp;<![CDATA[<b>]]>&#99;</s:B><C xmlns="y"/></s:A>',
      ),
    );
    expect(read).toEqual({
      ok: true,
      root: {
        name: 'A',
        text: '\n',
        children: [
          { name: 'B', text: 'a&<b>c', children: [] },
          { name: 'C', text: '', children: [] },
        ],
      },
    });
  });

  it.each([
    ['an empty document', '', 'document must contain a root element'],
    ['an element that is not closed', '<A><B></A>', 'unexpected close tag'],
    ['a second root', '<A/><B/>', 'documents may contain only one root'],
    ['text around the root', '<A/>b', 'text data outside of root node'],
    ['a document type', '<!DOCTYPE A [<!ENTITY b "c">]><A/>', 'a document type is not allowed'],
    ['an entity of its own', '<A>&b;</A>', 'undefined entity'],
    ['a prefix that is not bound', '<s:A/>', 'unbound namespace prefix'],
    ['another encoding', '<?xml version="1.0" encoding="utf-16"?><A/>', 'encoding is not UTF-8'],
    ['text between elements', '<A>b<B/></A>', 'text stands between elements'],
    ['a character that XML cannot hold', '<A>&#1;</A>', 'malformed character entity'],
    ['deep nesting', '<A>'.repeat(9), 'nested too deep'],
    ['a long text', `<A>${'a'.repeat(4097)}</A>`, 'a text is too long'],
    ['many elements', `<A>${'<B/>'.repeat(80_000)}</A>`, 'too many elements'],
    [
      'many attributes',
      `<A ${Array.from({ length: 9 }, (_, at) => `a${at}=""`).join(' ')}/>`,
      'too many attributes',
    ],
  ])('refuses %s', (_, text, why) => {
    expect(refusalOf(text)).toContain(why);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(refusalOf(Buffer.from([0x3c, 0x41, 0x2f, 0xff, 0x3e]))).toContain('is not UTF-8');
    expect(refusalOf(Buffer.from('\ufeff<A/>', 'utf16le'))).toContain('is not UTF-8');
  });

  it('gives a tree or a reason for any bytes', () => {
    const tokens = fc.constantFrom(
      ...['<', '>', '/', '<A>', '</A>', '<B/>', '&', ';', '&#', 'x', '<![CDATA[', ']]>', '<!--'],
      ...[
        '-->',
        '<?',
        '?>',
        '<!DOCTYPE ',
        '"',
        "'",
        '=',
        ' ',
        'xmlns',
        ':',
        '\0',
        '\ufeff',
        '&#x0;',
      ],
    );
    const texts = fc.array(fc.oneof({ weight: 4, arbitrary: tokens }, fc.string()));
    const bytes = fc.oneof(
      fc.uint8Array(),
      texts.map((parts) => Buffer.from(parts.join(''))),
      texts.map((parts) => Buffer.from(`<A>${parts.join('')}</A>`)),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const read = readXml(input);
        expect(read.ok ? read.root.name.length > 0 : read.code === 'MalformedXML').toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
