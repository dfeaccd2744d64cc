/**
 * Draws indexes from 0 to count - 1, the first most often: the nth with a chance that goes with
 * 1 / n. `random` gives numbers from 0 up to but not 1.
 */
export class Zipf {
  readonly #sums: Float64Array;

  constructor(
    count: number,
    private readonly random: () => number,
  ) {
    this.#sums = new Float64Array(count);
    let sum = 0;
    for (let index = 0; index < count; index += 1) {
      sum += 1 / (index + 1);
      this.#sums[index] = sum;
    }
  }

  next(): number {
    const drawn = this.random() * (this.#sums.at(-1) ?? 0);
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sums[middle] ?? 0) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
