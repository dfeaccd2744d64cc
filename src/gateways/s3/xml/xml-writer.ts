export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

const SPECIAL = /[&<>"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\ufffe\uffff\ud800-\udfff]/u;
const EACH_SPECIAL = new RegExp(SPECIAL, 'gu');

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0)!;
  // With the `u` flag only a lone half of a surrogate pair gets here; it has no reference.
  return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : `&#x${code.toString(16).toUpperCase()};`;
}

/**
 * Text as it stands between tags or in an attribute. Characters that XML 1.0 cannot hold become
 * references to them, as S3 sends them, which strict readers refuse: clients with such keys ask
 * for `encoding-type=url`.
 */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? text.replace(EACH_SPECIAL, escapeCharacter) : text;
}

const ILLEGAL = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/gu;

/**
 * Text with nothing in it that XML 1.0 cannot hold: for documents that every client has to be able
 * to read, whatever they quote.
 */
export function legalXmlText(text: string): string {
  return text.replace(ILLEGAL, '\ufffd');
}

/** One element with its text escaped. */
export function xmlElement(name: string, value: string | number | boolean): string {
  const text = typeof value === 'string' ? escapeXml(value) : String(value);
  return text === '' ? `<${name}/>` : `<${name}>${text}</${name}>`;
}

/** Builds one document, element after element. */
export class XmlWriter {
  #text: string;
  readonly #open: string[] = [];

  /** Begins the document with its root. */
  constructor(root: string, namespace: string | null = S3_NAMESPACE) {
    this.#text = '<?xml version="1.0" encoding="UTF-8"?>\n';
    this.open(root, namespace === null ? {} : { xmlns: namespace });
  }

  open(name: string, attributes: Readonly<Record<string, string>> = {}): this {
    this.#text += `<${name}`;
    for (const key in attributes) this.#text += ` ${key}="${escapeXml(attributes[key]!)}"`;
    this.#text += '>';
    this.#open.push(name);
    return this;
  }

  /** Closes what was opened last. */
  close(): this {
    this.#text += `</${this.#open.pop()!}>`;
    return this;
  }

  element(name: string, value: string | number | boolean): this {
    return this.append(xmlElement(name, value));
  }

  /** Whole elements that are XML already. */
  append(xml: string): this {
    this.#text += xml;
    return this;
  }

  /** An element that is left out when there is no value. */
  optional(name: string, value: string | number | boolean | undefined | null): this {
    return value === undefined || value === null ? this : this.element(name, value);
  }

  /** The whole document, with everything closed. */
  end(): string {
    while (this.#open.length > 0) this.close();
    return this.#text;
  }
}
