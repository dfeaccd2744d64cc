const KEY = /^[A-Za-z0-9]{1,64}\.[A-Za-z0-9_-]{1,128}$/;

/** Whether this may be a key: `<key id>.<secret>`. */
export function isKeyText(text: string): boolean {
  return KEY.test(text);
}

/** The header that shows a key; none without one. Throws TypeError for what can be no key. */
export function authorizationOf(key: string | undefined): Readonly<Record<string, string>> {
  if (key === undefined) return {};
  // What it is instead is not said: it may be a secret that was only copied badly.
  if (!isKeyText(key)) throw new TypeError('a key is <key id>.<secret>');
  return { authorization: `Bearer ${key}` };
}
