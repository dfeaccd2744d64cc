import { Recorder } from './recorder.ts';
import { readTrace } from './trace-text.ts';
import { answer } from './worker-answer.ts';

const TOLD_EVERY_BYTES = 1 << 20;

/* Reads the file it is given, apart from the page. */
addEventListener('message', ({ data }: MessageEvent<File>) => void read(data));

async function read(file: File): Promise<void> {
  const recorder = new Recorder();
  let toldBytes = 0;
  const progress = (readBytes: number): void => {
    if (readBytes - toldBytes < TOLD_EVERY_BYTES) return;
    toldBytes = readBytes;
    answer({ kind: 'progress', share: readBytes / Math.max(1, file.size) });
  };
  try {
    const isTrace = await readTrace(file.stream(), recorder, progress);
    const recording = isTrace ? recorder.finish() : null;
    if (recording === null) {
      const reason = 'It does not begin as a trace of version 1 does.';
      answer({ kind: 'refused', reason });
    } else answer({ kind: 'recording', recording });
  } catch (error) {
    answer({ kind: 'refused', reason: `It cannot be read: ${String(error)}` });
  }
}
