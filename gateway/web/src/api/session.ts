import { ApiError, isRefused, unable } from './errors';
import type { Call, Http } from './http';
import { solve } from './challenge';
import type { Notes, Store } from './store';
import type { Session } from './types';
import { orAbort } from './wait';

export interface AuthorizedCall extends Call {
  /** Names nothing that a session owns, so a new session may send it as well. */
  anybody?: boolean;
}

/** One anonymous person: the token is made, kept, renewed and replaced here. */
export class SessionKeeper {
  private renewal: Promise<string> | undefined;

  constructor(
    readonly http: Http,
    private readonly store: Store,
    private readonly notes: Notes,
  ) {}

  /** Sends a request as this person. */
  async send<T>(call: AuthorizedCall): Promise<T> {
    const token = await orAbort(this.token(), call.signal);
    try {
      return await this.as<T>(token, call);
    } catch (e) {
      if (!(e instanceof ApiError) || e.status !== 401) throw e;
      if (e.code === 'session_erased') {
        this.forget();
        if (!call.anybody) throw e;
      }
      return this.as<T>(await orAbort(this.renew(token), call.signal), call);
    }
  }

  async token(): Promise<string> {
    return this.store.get('token') ?? this.renew(null);
  }

  /** Gets a fresh token unless somebody else (another tab) just did. */
  renew(used: string | null): Promise<string> {
    const kept = this.store.get('token');
    if (kept !== null && kept !== used) return Promise.resolve(kept);
    this.renewal ??= this.create(kept).finally(() => (this.renewal = undefined));
    return this.renewal;
  }

  /** Forgets a session that is no more, with all that was remembered of it. */
  forget(): void {
    this.store.set('token', null);
    this.notes.clear();
  }

  private as<T>(token: string, call: Call): Promise<T> {
    return this.http.send<T>({ ...call, headers: { ...call.headers, Authorization: 'Bearer ' + token } });
  }

  private async create(old: string | null): Promise<string> {
    try {
      const made = await this.post(old);
      if (!made.token) throw this.http.refusal(502, () => null, '');
      this.store.set('token', made.token);
      return made.token;
    } catch (e) {
      if (old === null || !(e instanceof ApiError) || e.status !== 401) throw e;
      this.forget(); // too old to renew, or erased
      return this.create(null);
    }
  }

  private async post(old: string | null): Promise<Session> {
    const headers: Record<string, string> = old === null ? {} : { Authorization: 'Bearer ' + old };
    const call = { method: 'POST', path: '/sessions', headers };
    try {
      return await this.http.send<Session>({ ...call, body: {} });
    } catch (e) {
      if (!isRefused(e, 'challenge_required') || !e.problem?.challenge) throw e;
      const solution = await solve(e.problem.challenge);
      if (!solution) throw unable('challenge_unsolved', this.http.language);
      return this.http.send<Session>({ ...call, body: { solution } });
    }
  }
}
