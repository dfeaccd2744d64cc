const IMF = /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|\+0000)$/;
const RFC850 = /^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** Milliseconds of a date in one of HTTP's three forms or in ISO 8601, or null. */
export function readHttpDate(text: string): number | null {
  const value = text.trim();
  const known = IMF.test(value) || RFC850.test(value) || ASCTIME.test(value) || ISO.test(value);
  if (!known) return null;
  const milliseconds = Date.parse(ASCTIME.test(value) ? `${value} GMT` : value);
  return Number.isNaN(milliseconds) ? null : milliseconds;
}
