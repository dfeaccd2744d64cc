/** Less than this part of a buffer is not worth one. */
const SMALL_PART = 8;

/**
 * Large buffers that are used again. Memory for each chunk anew costs more than what is done with
 * the chunk: the system clears its pages, and the engine collects its whole heap every 64 MiB.
 */
export class BufferPool {
  private readonly idle: ArrayBufferLike[] = [];
  private readonly taken = new WeakSet<ArrayBufferLike>();

  /** Keeps up to `keptCount` buffers of `bufferBytes` that nobody uses. */
  constructor(
    private readonly bufferBytes: number,
    private readonly keptCount: number,
  ) {}

  /** Holds anything. Sizes far from that of the pool's buffers get memory of their own. */
  take(bytes: number): Buffer {
    if (bytes > this.bufferBytes || SMALL_PART * bytes < this.bufferBytes)
      return Buffer.allocUnsafe(bytes);
    const memory = this.idle.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes).buffer;
    this.taken.add(memory);
    return Buffer.from(memory, 0, bytes);
  }

  /**
   * Nobody reads or writes the buffer, or a part of it, any more. What is not of this pool, or was
   * given before, is left alone; what is never given is collected like other memory.
   */
  give(buffer: Uint8Array): void {
    if (!this.taken.delete(buffer.buffer)) return;
    if (this.idle.length < this.keptCount) this.idle.push(buffer.buffer);
  }
}
