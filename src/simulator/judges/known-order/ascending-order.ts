/** Moves on average that an insertion sort may take before a general one does better. */
const SHIFT_LIMIT = 32;

/**
 * The indices of `keys` in ascending order of what they hold; equal ones keep their order. Linear
 * for keys that are nearly in order, as times of a history are, and never worse than n log n.
 */
export function ascendingOrder(keys: readonly number[]): Int32Array {
  const sorted = Float64Array.from(keys);
  const order = Int32Array.from(keys, (_, index) => index);
  let shiftsLeft = keys.length * SHIFT_LIMIT;
  for (let index = 1; index < sorted.length; index += 1) {
    const own = sorted[index]!;
    let at = index;
    for (; at > 0 && sorted[at - 1]! > own; at -= 1) {
      sorted[at] = sorted[at - 1]!;
      order[at] = order[at - 1]!;
    }
    sorted[at] = own;
    order[at] = index;
    shiftsLeft -= index - at;
    if (shiftsLeft < 0)
      return order.map((_, each) => each).sort((a, b) => keys[a]! - keys[b]! || a - b);
  }
  return order;
}
