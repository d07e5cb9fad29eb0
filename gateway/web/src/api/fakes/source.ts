import type { FakeServer } from './server';

/** What a test says about streams, and learns of them. */
export interface Sources {
  /** The `after` of each stream that was opened. */
  opened: number[];
  /** After how many events each next stream is cut. */
  cutAfter: number[];
  /** How many next streams fail before their first event; Infinity: all. */
  refused: number;
  /** Sends every event twice, and old ones first. */
  repeat: boolean;
}

/** An EventSource that plays the server's script, an event every 20 ms. */
export function fakeSource(server: FakeServer): typeof EventSource {
  return class {
    onerror: (() => void) | null = null;
    private readonly listeners = new Map<string, (e: MessageEvent) => void>();
    private closed = false;

    constructor(url: string) {
      const after = Number(new URL(url).searchParams.get('after') ?? 0);
      const id = new URL(url).pathname.split('/')[2] ?? '';
      server.sources.opened.push(after);
      void this.play(id, server.sources.repeat ? 0 : after);
    }

    addEventListener(name: string, f: (e: MessageEvent) => void): void {
      this.listeners.set(name, f);
    }

    close(): void {
      this.closed = true;
    }

    private async play(id: string, after: number): Promise<void> {
      const cut = server.sources.cutAfter.shift() ?? Infinity;
      await new Promise((done) => setTimeout(done, 20));
      if (server.sources.refused-- > 0) return this.onerror?.();
      let sent = 0;
      for (const event of server.script.filter((e) => e.id > after)) {
        await new Promise((done) => setTimeout(done, 20));
        if (this.closed) return;
        if (sent++ >= cut) return this.onerror?.();
        const task = server.tasks.get(id);
        if (task) task.at = Math.max(task.at, event.id);
        const data = event.name === 'succeeded' ? server.document(id, event.id) : event.data;
        for (let i = 0; i < (server.sources.repeat ? 2 : 1); i++) {
          this.listeners.get(event.name)?.({
            lastEventId: String(event.id),
            data: JSON.stringify(data),
          } as MessageEvent);
        }
      }
    }
  } as unknown as typeof EventSource;
}
