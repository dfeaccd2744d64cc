import { connect, type Socket } from 'node:net';
import { HOSTILE_VARIABLE, HOSTILE_KINDS, HostileJob, type HostileKind } from './hostile-job.js';

/*
 * The process of hostile clients. It holds as many connections as its job says, of every kind in turn,
 * and replaces each that the site closes. It ends with its parent.
 */

const job = HostileJob.parse(JSON.parse(process.env[HOSTILE_VARIABLE] ?? 'null'));
const AGAIN_MS = 250;
const BYTE_MS = 1000;
const GARBAGE = Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 167) % 256));
let opened = 0;
let closed = 0;

/** A byte now and then, for ever. */
function trickle(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), BYTE_MS);
  socket.once('close', () => clearInterval(timer));
}

const BEHAVIOUR: Readonly<Record<HostileKind, (socket: Socket) => void>> = {
  garbage: (socket) => void socket.write(GARBAGE),
  'slow headers': (socket) => {
    socket.write('GET /v1/health/live HTTP/1.1\r\nHost: x\r\nX: ');
    trickle(socket, 'x');
  },
  'slow body': (socket) => {
    const length = `Content-Length: 1000000\r\n\r\n`;
    socket.write(`PUT ${job.writePath} HTTP/1.1\r\nHost: x\r\n${job.authorization}${length}`);
    trickle(socket, 'x');
  },
  'half-open': (socket) => void socket.end(),
  idle: () => undefined,
  'never reads': (socket) => {
    socket.pause();
    socket.write(`GET ${job.readPath} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(4));
  },
};

function attack(index: number): void {
  const kind = HOSTILE_KINDS[index % HOSTILE_KINDS.length] ?? 'idle';
  const isS3 = kind === 'never reads' || (kind !== 'slow body' && index % 2 === 1);
  const port = isS3 ? job.s3Port : job.httpPort;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
    opened += 1;
    BEHAVIOUR[kind](socket);
  });
  // One that does not read still has to notice its end.
  if (kind !== 'never reads') socket.resume();
  socket.on('error', () => undefined);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => {
    closed += 1;
    setTimeout(() => attack(index), AGAIN_MS);
  });
}

process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.({ opened, closed }));
for (let index = 0; index < job.connections; index += 1) attack(index);
