import { PassThrough, type Writable } from 'node:stream';
import { expect, it } from 'vitest';
import * as library from 'ws';
import { FrameWriter } from './frame-writer.js';

type Received = string | Buffer;

/** Exported, but left out of the types. */
const { Receiver } = library as unknown as { Receiver: new () => Writable };

/** What the library reads from what was written. */
function readBack(frames: readonly (string | Uint8Array)[]): Promise<Received[]> {
  const pipe = new PassThrough();
  const writer = new FrameWriter(pipe);
  for (const frame of frames) writer.write(frame);
  const received: Received[] = [];
  const receiver = new Receiver();
  return new Promise((resolve, reject) => {
    receiver.on('error', reject);
    receiver.on('message', (data: Buffer, isBinary: boolean) => {
      received.push(isBinary ? data : data.toString());
      if (received.length === frames.length) resolve(received);
    });
    pipe.pipe(receiver);
  });
}

it('writes frames of every length that a WebSocket reader reads back', async () => {
  const texts = [0, 1, 125, 126, 65_535, 65_536].map((length) => 'é'.repeat(length / 2) + 'x');
  expect(await readBack(texts)).toEqual(texts);
  const bytes = [0, 125, 126, 65_536].map((length) => Buffer.alloc(length, 7));
  expect(await readBack(bytes)).toEqual(bytes);
});

it('writes everything of one turn at once, in order', async () => {
  const pipe = new PassThrough();
  const chunks: Buffer[] = [];
  pipe.on('data', (chunk: Buffer) => chunks.push(chunk));
  const writer = new FrameWriter(pipe);
  writer.write('a');
  writer.write(Buffer.from('b'));
  expect(pipe.writableCorked).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(pipe.writableCorked).toBe(0);
  expect(Buffer.concat(chunks)).toEqual(Buffer.from([0x81, 1, 0x61, 0x82, 1, 0x62]));
});
