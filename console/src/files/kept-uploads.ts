/** Its number changes with the form of what is kept. */
const KEY = 'quorate-uploads-2';
const LIMIT = 100;
const LIFE_MS = 7 * 24 * 60 * 60 * 1000;

type Kept = readonly [file: string, resume: string, beganMs: number];

/**
 * By what the uploads go on that this browser has begun, over reloads. It is of no use to anybody who
 * may not write the file. At most 100, for a week, as sites keep them no longer.
 */
class KeptUploads {
  find(name: string, file: File): string | null {
    const wanted = labelOf(name, file);
    return this.read().find(([label]) => label === wanted)?.[1] ?? null;
  }

  keep(name: string, file: File, resume: string): void {
    const label = labelOf(name, file);
    const others = this.read().filter(([each]) => each !== label);
    this.write([...others, [label, resume, Date.now()] as const].slice(-LIMIT));
  }

  forget(name: string, file: File): void {
    const label = labelOf(name, file);
    this.write(this.read().filter(([each]) => each !== label));
  }

  private read(): readonly Kept[] {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
      return Array.isArray(kept) ? kept.filter(isKept) : [];
    } catch {
      return [];
    }
  }

  private write(kept: readonly Kept[]): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing: uploads go on after a pause, but not after a reload.
    }
  }
}

function isKept(value: unknown): value is Kept {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [label, resume, beganMs] = value as unknown[];
  return (
    typeof label === 'string' &&
    typeof resume === 'string' &&
    typeof beganMs === 'number' &&
    beganMs > Date.now() - LIFE_MS
  );
}

/** Another file, or the same one changed, is another upload. */
function labelOf(name: string, { size, lastModified }: File): string {
  return `${name} ${size} ${lastModified}`;
}

export const keptUploads = new KeptUploads();
