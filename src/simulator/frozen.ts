/**
 * Freezes a plain value and everything in it, so that a receiver which writes into a sender's
 * object throws instead of telepathing. Typed arrays cannot be frozen and are left alone. What is
 * already frozen is taken as frozen throughout.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
