import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readXml } from './xml-reader.js';
import { escapeXml, legalXmlText, XmlWriter } from './xml-writer.js';

describe('writing XML', () => {
  it('writes a document in the namespace of S3', () => {
    const xml = new XmlWriter('ListBucketResult');
    xml.element('Name', 'b').element('Prefix', '').element('MaxKeys', 7).optional('Marker', null);
    xml.open('Contents').element('Key', 'a&b<c>"').element('IsLatest', true).close();
    expect(xml.end()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>' +
        '<Prefix/><MaxKeys>7</MaxKeys><Contents><Key>a&amp;b&lt;c&gt;&quot;</Key>' +
        '<IsLatest>true</IsLatest></Contents></ListBucketResult>',
    );
  });

  it('writes errors without a namespace, and attributes', () => {
    const xml = new XmlWriter('Error', null).open('Grantee', { 'xsi:type': 'a"b' });
    expect(xml.end()).toContain('<Error><Grantee xsi:type="a&quot;b"></Grantee></Error>');
  });

  it('writes characters that XML cannot hold as references, as S3 does', () => {
    expect(escapeXml('a\u0001b\rc\u{10ffff}\uffff')).toBe('a&#x1;b&#xD;c\u{10ffff}&#xFFFF;');
    expect(escapeXml('\ud800')).toBe('\ufffd');
  });

  it('can do without what XML cannot hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = new XmlWriter('A', null).element('B', legalXmlText(text)).end();
        expect(readXml(Buffer.from(written)).ok).toBe(true);
      }),
    );
    expect(legalXmlText('a\0b\ud800\tc\r\n')).toBe('a\ufffdb\ufffd\tc\r\n');
  });

  it('keeps any text that XML can hold, as a reader sees it', () => {
    const legal = fc
      .string({ unit: 'binary' })
      .filter((text) => !/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text));
    fc.assert(
      fc.property(legal, (text) => {
        const written = new XmlWriter('A', null).element('B', text).end();
        const read = readXml(Buffer.from(written));
        expect(read.ok && read.root.children[0]!.text).toBe(text);
      }),
    );
  });
});
