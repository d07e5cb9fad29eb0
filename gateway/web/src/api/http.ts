import { refusal, ApiError, UnreachableError } from './errors';
import type { Host } from './host';
import { sleep } from './wait';
import type { Language } from './words';

/** How long the client bears with a network and a server. */
export interface Patience {
  /** Tries of one request, the first included. */
  attempts: number;
  minBackoff: number;
  maxBackoff: number;
  /** The longest Retry-After that is waited for, in ms; after that people decide. */
  maxRetryAfter: number;
  /** How long one answer may take, in ms. */
  timeout: number;
  /** How long an upload or a stream may be silent, in ms. */
  silence: number;
}

export const patience: Patience = {
  attempts: 6,
  minBackoff: 500,
  maxBackoff: 8000,
  maxRetryAfter: 30_000,
  timeout: 30_000,
  silence: 25_000,
};

export interface Call {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  timeout?: number;
  attempts?: number;
  /** The request may outlive its page. */
  keepalive?: boolean;
  /** Told before each try. */
  sending?: () => void;
}

/** One origin, spoken to with retries. Every request of this API may be repeated. */
export class Http {
  constructor(
    readonly base: string,
    readonly host: Host,
    readonly patience: Patience,
    readonly language: Language,
  ) {}

  /** Makes an address of the API absolute. */
  at(path: string): string {
    return new URL(path, new URL(this.base || '/', this.host.location)).href;
  }

  /** Sends a request until it is answered. */
  send<T>(call: Call): Promise<T> {
    return this.retrying(() => this.once<T>(call), call.signal, call.attempts);
  }

  /**
   * Repeats what may be repeated, as often and as late as is agreed; a try that
   * moved something is not counted.
   */
  async retrying<T>(
    f: () => Promise<T>,
    signal?: AbortSignal,
    attempts = this.patience.attempts,
    moved = () => false,
  ): Promise<T> {
    let backoff = this.patience.minBackoff;
    for (let attempt = 1; ; attempt++) {
      await this.whenOnline(signal);
      try {
        return await f();
      } catch (e) {
        if (moved()) [attempt, backoff] = [0, this.patience.minBackoff];
        const wait = this.waitAfter(e, backoff);
        if (wait === undefined || attempt >= attempts) throw e;
        await sleep(wait, signal);
        backoff = Math.min(2 * backoff, this.patience.maxBackoff);
      }
    }
  }

  /** Sends a request a single time. */
  async once<T>(call: Call): Promise<T> {
    const limit = new AbortController();
    const abort = () => limit.abort();
    const timer = setTimeout(abort, call.timeout ?? this.patience.timeout);
    call.signal?.throwIfAborted();
    call.signal?.addEventListener('abort', abort);
    try {
      call.sending?.();
      return await this.exchange<T>(call, limit.signal);
    } catch (e) {
      call.signal?.throwIfAborted();
      throw e instanceof ApiError ? e : this.lost();
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', abort);
    }
  }

  private async exchange<T>(call: Call, signal: AbortSignal): Promise<T> {
    const headers: Record<string, string> = { 'Accept-Language': this.language, ...call.headers };
    const init: RequestInit = { method: call.method, headers, signal, credentials: 'omit', cache: 'no-store' };
    if (call.body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(call.body);
    }
    if (call.keepalive) init.keepalive = true;
    const answer = await this.host.fetch(this.at(call.path), init);
    const text = await answer.text();
    if (!answer.ok) throw this.refusal(answer.status, (name) => answer.headers.get(name), text);
    try {
      return (text ? JSON.parse(text) : undefined) as T;
    } catch {
      throw this.refusal(502, () => null, ''); // a proxy's or a portal's page
    }
  }

  /** What an answer that is no success says. */
  refusal(status: number, head: (name: string) => string | null | undefined, body: string): ApiError {
    return refusal(status, head('Content-Type') ?? '', body, head('Retry-After') ?? '', this.language);
  }

  /** Nobody answered. */
  lost(): UnreachableError {
    return new UnreachableError(this.language);
  }

  /** Resolves when the browser has a network. */
  async whenOnline(signal?: AbortSignal): Promise<void> {
    while (!this.host.online()) await sleep(30_000, signal, (f) => this.host.onAwake(f));
  }

  /** How long to wait before trying again, undefined when it is of no use. */
  private waitAfter(e: unknown, backoff: number): number | undefined {
    if (!(e instanceof ApiError) || !e.retryable) return undefined;
    if (e.status > 0 && e.status < 500 && ![409, 423, 429].includes(e.status)) return undefined;
    const named = (e.retryAfter ?? 0) * 1000;
    if (named > this.patience.maxRetryAfter) return undefined;
    return Math.max(named, backoff / 2 + (Math.random() * backoff) / 2);
  }
}
