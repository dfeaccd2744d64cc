const HEAD_BYTES = 5;
const MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024;

/** A message as gRPC sends it: not compressed, its length before it. */
export function grpcFrame(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Cuts what comes into messages of at most 8 MiB. */
export class GrpcFrames {
  private parts: Uint8Array[] = [];
  private size = 0;
  private needed = HEAD_BYTES;

  /** The messages that are whole now; null when this cannot be what etcd sends. */
  push(bytes: Uint8Array): Uint8Array[] | null {
    this.parts.push(bytes);
    this.size += bytes.length;
    if (this.size < this.needed) return [];
    let rest = Buffer.concat(this.parts);
    const messages: Uint8Array[] = [];
    this.needed = HEAD_BYTES;
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32BE(1);
      if (rest[0] !== 0 || length > MESSAGE_LIMIT_BYTES) return null;
      this.needed = HEAD_BYTES + length;
      if (rest.length < this.needed) break;
      messages.push(rest.subarray(HEAD_BYTES, this.needed));
      rest = rest.subarray(this.needed);
      this.needed = HEAD_BYTES;
    }
    this.parts = [rest];
    this.size = rest.length;
    return messages;
  }
}
