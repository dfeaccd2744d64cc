/** What a certificate says about whose it is. */
export interface AlternativeNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * Reads the text that Node makes of a certificate's alternative names: `DNS:a, IP Address:b`, where
 * a name that could be taken for more than one is a JSON string.
 */
export function parseAlternativeNames(text: string | undefined): AlternativeNames {
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const addresses: string[] = [];
  const pattern = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/gy;
  for (const [, kind, raw = ''] of (text ?? '').matchAll(pattern)) {
    const value = raw.startsWith('"') ? unquoted(raw) : raw;
    if (kind === 'URI') uris.push(value);
    else if (kind === 'DNS') dnsNames.push(value);
    else if (kind === 'IP Address') addresses.push(value);
  }
  return { uris, dnsNames, addresses };
}

function unquoted(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
