import type { Recorder } from './recorder.ts';

const LINE_LIMIT = 1 << 20;

/**
 * Reads a trace from its bytes, a piece at a time. False: it begins as no trace does. Lines of more
 * than about a million characters are refused, and never held as a whole.
 */
export async function readTrace(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  recorder: Recorder,
  progress: (readBytes: number) => void,
): Promise<boolean> {
  const decoder = new TextDecoder();
  const reader = bytes.getReader();
  let readBytes = 0;
  let rest = '';
  let isTooLong = false;
  const takeLine = (line: string): boolean => {
    const wasTooLong = isTooLong;
    isTooLong = false;
    if (wasTooLong) return recorder.refuse();
    return line.trim() === '' || takeJson(line, recorder);
  };
  for (;;) {
    const { done, value } = await reader.read();
    const lines = `${rest}${decoder.decode(value, { stream: !done })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (takeLine(line)) continue;
      await reader.cancel();
      return false;
    }
    if (rest.length > LINE_LIMIT) {
      isTooLong = true;
      rest = '';
    }
    if (done) return takeLine(rest);
    readBytes += value.length;
    progress(readBytes);
  }
}

function takeJson(line: string, recorder: Recorder): boolean {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return recorder.refuse();
  }
  return recorder.take(value);
}
