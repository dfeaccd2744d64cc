import type { ExitCode } from './exit-code.js';
import type { World } from './world.js';

/** Runs the body of a command and keeps its exit status. */
export type CommandRunner = (body: (world: World) => Promise<ExitCode>) => Promise<void>;
