/** Everything of the process that commands use, so that tests can stand in for it. */
export interface World {
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly input: NodeJS.ReadableStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Aborted by Ctrl-C or SIGTERM: whatever goes on until then has to end cleanly. */
  readonly stopped: AbortSignal;
}

/** The world of the running process. A second Ctrl-C ends it at once. */
export function processWorld(): World {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  return {
    out: process.stdout,
    err: process.stderr,
    input: process.stdin,
    environment: process.env,
    folder: process.cwd(),
    get stopped() {
      // Only commands that look at it keep Ctrl-C from ending the process.
      if (process.listenerCount('SIGINT') === 0) {
        process.on('SIGINT', interrupt);
        process.on('SIGTERM', () => controller.abort());
      }
      return controller.signal;
    },
  };
}

/** Writes and waits while the other side is slow; a closed pipe ends quietly. */
export async function write(
  stream: NodeJS.WritableStream,
  text: string | Uint8Array,
): Promise<void> {
  if (stream.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.removeListener('drain', done);
      stream.removeListener('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}
