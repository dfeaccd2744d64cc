import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const HOST = '127.0.0.1';
/** Below those that systems give to outgoing connections, which could take one before it is used. */
const FIRST_PORT = 24_576;
const LAST_PORT = 32_767;
const TRIES = 1000;

/** For tests and trials: ports of 127.0.0.1 that nobody has now; all different. */
export async function freePorts(count: number): Promise<number[]> {
  const taken = new Map<number, Server>();
  for (let tries = 0; taken.size < count; tries += 1) {
    if (tries === TRIES) throw new Error(`no ${count} ports of ${HOST} are free`);
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    const server = taken.has(port) ? null : await listenOn(port);
    if (server !== null) taken.set(port, server);
  }
  await Promise.all([...taken.values()].map((server) => new Promise((done) => server.close(done))));
  return [...taken.keys()];
}

/** Null where somebody has the port. */
function listenOn(port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen(port, HOST, () => resolve(server));
  });
}

/** One such port. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
