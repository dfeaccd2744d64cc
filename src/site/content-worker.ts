import { parentPort } from 'node:worker_threads';
import { ContentCutting, type CuttingQuestion } from './content-cutting.js';

/** The thread that a site has its content cut and hashed on; started by ContentThreads. */
const port = parentPort;
if (port === null) throw new Error('this is not a thread');
const cutting = new ContentCutting();
port.on('message', ({ id, question }: { id: number; question: CuttingQuestion }) => {
  port.postMessage({ id, answer: cutting.answer(question) });
});
