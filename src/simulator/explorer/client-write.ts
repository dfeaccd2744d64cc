import type { WriteRequest } from '../../protocol/request.js';

/** The client's write of that number, the same at every primary. */
export function writeRequest(write: number): WriteRequest {
  return {
    requestId: `w${write}`,
    since: null,
    conditions: {},
    intent: {
      kind: 'put',
      name: 'f',
      metadata: {},
      content: { kind: 'inline', size: 0, etag: `${write}`, bytes: new Uint8Array(0) },
    },
  };
}
