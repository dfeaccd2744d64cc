import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Mutant, mutate } from './mutant.js';

/** The part of the compiler that is used here: it is there in a source checkout only. */
interface Transpiler {
  transpileModule(text: string, options: object): { readonly outputText: string };
}

const LAYERS = ['protocol', 'simulator'];
const COMPILER_OPTIONS = { target: 'es2022', module: 'esnext', verbatimModuleSyntax: true };
const COMPILER: string = 'typescript';

export type Built = { readonly ok: true; readonly folder: string } | BuildFault;
export interface BuildFault {
  readonly ok: false;
  readonly reason: string;
}

/** Makes runnable copies of the protocol and the simulator, each with one mutant's change. */
export class Workshop {
  private readonly outputs = new Map<string, string>();

  private constructor(
    private readonly root: string,
    private readonly cache: string,
    private readonly sources: ReadonlyMap<string, string>,
    private readonly compiler: Transpiler,
  ) {}

  /** Null where this is no source checkout, or its compiler is not installed. */
  static async open(root: string): Promise<Workshop | null> {
    try {
      const { default: compiler } = (await import(COMPILER)) as { default: Transpiler };
      const sources = new Map<string, string>();
      for (const layer of LAYERS) await readSources(join(root, 'src'), layer, sources);
      const cache = join(root, 'node_modules', '.cache', 'mutants');
      return new Workshop(root, cache, sources, compiler);
    } catch {
      return null;
    }
  }

  /** The mutants of the checkout, from every table in its folder `mutants`. */
  async mutants(): Promise<Mutant[]> {
    const folder = join(this.root, 'mutants');
    const tables = join(this.cache, 'tables');
    await rm(tables, { recursive: true, force: true });
    await write(join(tables, 'package.json'), '{"type":"module"}');
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
    const paths = files.map((file) => join(tables, file.replace(/ts$/, 'js')));
    for (const [index, file] of files.entries()) {
      const text = this.compile(await readFile(join(folder, file), 'utf8'));
      await write(paths[index] ?? '', text);
    }
    const found: Mutant[] = [];
    for (const path of paths) {
      const module = (await import(pathToFileURL(path).href)) as {
        readonly MUTANTS?: readonly Mutant[];
      };
      found.push(...(module.MUTANTS ?? []));
    }
    return found;
  }

  /** Where a scenario of the checkout lies. */
  scenarioPath(name: string): string {
    return join(this.root, 'scenarios', `${name}.txt`);
  }

  /** The folder with the mutant's copy, made anew. */
  async build(mutant: Mutant): Promise<Built> {
    const folder = join(this.cache, mutant.id);
    await rm(folder, { recursive: true, force: true });
    await write(join(folder, 'package.json'), '{"type":"module"}');
    for (const edit of mutant.edits) {
      if (!this.sources.has(edit.file)) return { ok: false, reason: `there is no ${edit.file}` };
    }
    for (const [file, text] of this.sources) {
      const mutated = mutate(mutant, file, text);
      if (!mutated.ok) return mutated;
      const output = mutated.text === text ? this.unchanged(file) : this.compile(mutated.text);
      await write(join(folder, file.replace(/ts$/, 'js')), output);
    }
    return { ok: true, folder };
  }

  /** Copies are made when needed and cost more to keep than to make. */
  async clear(mutant: Mutant): Promise<void> {
    await rm(join(this.cache, mutant.id), { recursive: true, force: true });
  }

  private unchanged(file: string): string {
    let output = this.outputs.get(file);
    if (output === undefined) {
      output = this.compile(this.sources.get(file) ?? '');
      this.outputs.set(file, output);
    }
    return output;
  }

  private compile(text: string): string {
    const compilerOptions = COMPILER_OPTIONS;
    return this.compiler.transpileModule(text, { compilerOptions }).outputText;
  }
}

async function readSources(
  source: string,
  folder: string,
  into: Map<string, string>,
): Promise<void> {
  for (const entry of await readdir(join(source, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) await readSources(source, path, into);
    else if (/\.ts$/.test(path) && !/\.(test|bench|conformance)\.ts$/.test(path)) {
      into.set(path, await readFile(join(source, path), 'utf8'));
    }
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
