import { ApiError } from './errors';
import type { SessionKeeper } from './session';
import type { Problem, Queue, Task } from './types';
import { sleep } from './wait';

type Seen = (task: Task, previewUrl?: string) => void;

const names = ['snapshot', 'queued', 'progress', 'degraded', 'succeeded', 'failed', 'canceled', 'expired'];
const fruitless = 3; // streams without an event until polling takes over
const pollSeconds = 20;
const tries = 20; // of one question about a task: some minutes

/** Whether nothing can follow. */
export const ended = (task: Task): boolean => task.state !== 'queued' && task.state !== 'running';

/** Watches one task to its end, over as many connections as it takes. */
export class Follower {
  private failures = 0;
  private lastHeard = 0;

  constructor(
    private readonly session: SessionKeeper,
    private task: Task,
    private readonly seen: Seen,
    private readonly signal?: AbortSignal,
  ) {}

  /** Resolves with the finished task, whatever its end is. */
  async follow(): Promise<Task> {
    this.seen(this.task);
    const { http } = this.session;
    while (!ended(this.task)) {
      await http.whenOnline(this.signal);
      if (!http.host.EventSource || this.failures >= fruitless) {
        await this.poll();
        continue;
      }
      await this.listen(http.host.EventSource);
      if (ended(this.task)) break;
      if (this.failures > 0) {
        const backoff = Math.min(http.patience.minBackoff * 2 ** (this.failures - 1), http.patience.maxBackoff);
        await sleep(backoff / 2 + (Math.random() * backoff) / 2, this.signal, (f) => http.host.onAwake(f));
      }
      if (this.failures > 1) await this.ask(0); // perhaps it is gone, or its ticket
    }
    return this.task;
  }

  /** Takes over a newer document; what is older or repeated says nothing new. */
  private take(task: Task, previewUrl?: string): void {
    if (task.version <= this.task.version) {
      this.task = { ...this.task, links: task.links ?? this.task.links };
      return;
    }
    this.task = { ...task, progress: Math.max(task.progress, this.task.progress) };
    this.seen(this.task, previewUrl);
  }

  /** Waits for a change without a stream. */
  private async poll(): Promise<void> {
    const before = this.task.version;
    const began = Date.now();
    await this.ask(pollSeconds);
    const early = this.task.version === before && Date.now() - began < 1000;
    if (early) await sleep(1000, this.signal); // somebody between does not let it wait
  }

  /** Reads the document, at once or when it has changed. */
  private async ask(wait: number): Promise<void> {
    const path = '/tasks/' + encodeURIComponent(this.task.taskId) + (wait ? '?wait=' + wait : '');
    const { timeout } = this.session.http.patience;
    const call = { method: 'GET', path, signal: this.signal, attempts: tries, timeout: timeout + wait * 1000 };
    this.take(await this.session.send<Task>(call));
  }

  /** Reads one stream until it ends, is lost or has fallen silent. */
  private listen(Source: typeof EventSource): Promise<void> {
    const { http } = this.session;
    const source = new Source(this.address());
    return new Promise((resolve, reject) => {
      let silence: ReturnType<typeof setTimeout>;
      let over = false;
      const end = (settle: () => void) => {
        over = true;
        clearTimeout(silence);
        unwake();
        this.signal?.removeEventListener('abort', aborted);
        source.close();
        settle();
      };
      const aborted = () => end(() => reject(this.signal?.reason as Error));
      const lost = () => {
        this.failures++;
        end(resolve);
      };
      const heard = () => {
        this.lastHeard = Date.now();
        clearTimeout(silence);
        silence = setTimeout(
          () => void check().catch((e: unknown) => end(() => reject(e as Error))),
          http.patience.silence,
        );
      };
      // Heartbeats are invisible here: a silent stream is compared with the document.
      const check = async () => {
        const before = this.task.version;
        await this.ask(0);
        if (over) return;
        if (this.task.version > before || ended(this.task)) lost();
        else heard();
      };
      const unwake = http.host.onAwake(() => Date.now() - this.lastHeard > 3000 && end(resolve));
      for (const name of names) {
        source.addEventListener(name, (e: MessageEvent<string>) => {
          this.failures = 0;
          heard();
          this.event(name, e);
          if (ended(this.task)) end(resolve);
        });
      }
      source.onerror = lost;
      this.signal?.addEventListener('abort', aborted);
      if (this.signal?.aborted) aborted();
      else heard();
    });
  }

  /** The stream's address, from the first event that was not seen. */
  private address(): string {
    const { http } = this.session;
    const url = new URL(http.at(this.task.links.stream));
    url.searchParams.set('lang', http.language);
    url.searchParams.set('after', String(this.task.version));
    return url.href;
  }

  private event(name: string, e: MessageEvent<string>): void {
    const version = Number(e.lastEventId);
    let data: unknown;
    try {
      data = JSON.parse(e.data);
    } catch {
      return; // cut short: the next connection brings it again
    }
    if (!Number.isSafeInteger(version)) return;
    const { task } = this;
    switch (name) {
      case 'snapshot':
      case 'succeeded':
        return this.take(data as Task);
      case 'queued': {
        const { queue: _, ...rest } = task;
        const queue = data as Partial<Queue>;
        return this.take(
          queue.position && queue.eta ? { ...rest, version, queue: queue as Queue } : { ...rest, version },
        );
      }
      case 'progress': {
        const { previewUrl, ...news } = data as {
          progress: number;
          stage: string;
          message: string;
          previewUrl?: string;
        };
        const { queue: _, ...rest } = task;
        return this.take({ ...rest, ...news, state: 'running', version }, previewUrl);
      }
      case 'degraded':
        return this.take({ ...task, degraded: true, message: (data as Task).message ?? task.message, version });
      default: {
        const news = data as { message?: string; error?: Problem };
        return this.take({ ...task, ...news, state: name as Task['state'], version });
      }
    }
  }
}

/** Whether a task is gone for good. */
export const gone = (e: unknown): boolean => e instanceof ApiError && (e.status === 404 || e.status === 410);
