import { drawOptions } from '../../../src/simulator/options.js';
import { planRun } from '../../../src/simulator/world/run.js';
import { traceRun } from '../../../src/simulator/world/traced-run.js';
import { Recorder } from './recorder.ts';
import { answer } from './worker-answer.ts';

/* Runs the seed it is given: sites of the protocol's own code, in virtual time, apart from the page. */
addEventListener('message', ({ data }: MessageEvent<number>) => {
  const recorder = new Recorder();
  traceRun(planRun(drawOptions(data, {})), (line) => recorder.take(line));
  const recording = recorder.finish();
  if (recording === null) answer({ kind: 'refused', reason: 'The run told nothing.' });
  else answer({ kind: 'recording', recording });
});
