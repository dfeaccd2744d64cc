/** A key as programs are given it: `<id>.<secret>`. */
export interface KeyText {
  readonly id: string;
  readonly secret: string;
}

const KEY = /^([A-Za-z0-9]{1,64})\.([A-Za-z0-9_-]{1,128})$/;

/** Null for what no key can look like. */
export function readKeyText(text: string): KeyText | null {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}
