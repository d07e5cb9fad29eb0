/** Where a browser keeps a few words between visits. */
export interface Store {
  get(key: string): string | null;
  set(key: string, value: string | null): void;
}

/** localStorage, or memory where the browser refuses it (private windows, no space). */
export function localStore(): Store {
  const kept = new Map<string, string>();
  return {
    get(key) {
      const here = kept.get(key);
      if (here !== undefined) return here;
      try {
        return globalThis.localStorage.getItem('imgfleet.' + key);
      } catch {
        return null;
      }
    },
    set(key, value) {
      kept.delete(key);
      try {
        if (value === null) globalThis.localStorage.removeItem('imgfleet.' + key);
        else globalThis.localStorage.setItem('imgfleet.' + key, value);
      } catch {
        if (value !== null) kept.set(key, value);
      }
    },
  };
}

const maxNotes = 40;
const noteTTL = 23 * 3600 * 1000; // just short of what the server remembers

interface Note {
  text: string;
  until: number;
}

/** A few things to remember over a reload: what was sent, what was asked for. */
export class Notes {
  constructor(private readonly store: Store) {}

  get(key: string): string | undefined {
    return this.read()[key]?.text;
  }

  set(key: string, text: string): void {
    const { [key]: _, ...rest } = this.read();
    const newest = Object.entries(rest).slice(1 - maxNotes);
    this.write({ ...Object.fromEntries(newest), [key]: { text, until: Date.now() + noteTTL } });
  }

  /** What follows the prefix in the newest key that has it. */
  newest(prefix: string): string | undefined {
    const keys = Object.keys(this.read()).filter((key) => key.startsWith(prefix));
    return keys.at(-1)?.slice(prefix.length);
  }

  drop(key: string): void {
    this.dropWhere((k) => k === key);
  }

  dropWhere(matches: (key: string, text: string) => boolean): void {
    const all = Object.entries(this.read());
    const rest = all.filter(([key, note]) => !matches(key, note.text));
    if (rest.length < all.length) this.write(Object.fromEntries(rest));
  }

  clear(): void {
    this.store.set('notes', null);
  }

  private read(): Record<string, Note> {
    try {
      const all = JSON.parse(this.store.get('notes') ?? '{}') as Record<string, Note>;
      return Object.fromEntries(Object.entries(all).filter(([, n]) => n.until > Date.now()));
    } catch {
      return {};
    }
  }

  private write(notes: Record<string, Note>): void {
    this.store.set('notes', JSON.stringify(notes));
  }
}
