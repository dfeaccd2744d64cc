import type { World } from '../world.js';
import { write } from '../world.js';

/** Tells the story and keeps count of what did not hold. */
export class Narrator {
  readonly #world: World;
  #scenes = 0;
  #checks = 0;
  readonly #failed: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  get failed(): readonly string[] {
    return this.#failed;
  }

  get checks(): number {
    return this.#checks;
  }

  scene(title: string): Promise<void> {
    this.#scenes += 1;
    return write(this.#world.out, `\n${this.#scenes}. ${title}\n`);
  }

  say(text: string): Promise<void> {
    return write(this.#world.out, `   ${text}\n`);
  }

  /** One thing that has to hold; the command fails in the end when it does not. */
  check(sentence: string, holds: boolean): Promise<void> {
    this.#checks += 1;
    if (!holds) this.#failed.push(sentence);
    return write(this.#world.out, `   ${holds ? '[ok]    ' : '[FAILED]'} ${sentence}\n`);
  }
}

/** Asks again and again until it holds; false when it did not in time. */
export async function eventually(holds: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const start = performance.now();
  for (;;) {
    if (await holds()) return true;
    if (performance.now() - start > limitMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
