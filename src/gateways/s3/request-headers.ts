/**
 * Headers of a request by lower-case name. Node's `headersDistinct` gives them to the letter; its
 * `headers` will do for everything but signatures over a header that was sent twice.
 */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** All values of a header, joined by commas in the order sent. */
export function headerValue(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' || value === undefined ? value : value.join(',');
}
