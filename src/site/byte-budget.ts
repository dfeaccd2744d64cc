/** Bytes that may be held at once; who would go beyond waits, in the order of asking. */
export class ByteBudget {
  private heldBytes = 0;
  private readonly waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(private readonly limitBytes: number) {}

  /** More than the whole budget is let through when nothing else is held. */
  take(bytes: number): Promise<void> {
    if (this.waiting.length === 0 && this.fits(bytes)) {
      this.heldBytes += bytes;
      return Promise.resolve();
    }
    return new Promise((go) => this.waiting.push({ bytes, go }));
  }

  give(bytes: number): void {
    this.heldBytes -= bytes;
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      if (!this.fits(next.bytes)) return;
      this.waiting.shift();
      this.heldBytes += next.bytes;
      next.go();
    }
  }

  private fits(bytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + bytes <= this.limitBytes;
  }
}
