import { ApiError, failure, isRefused, unable, unanswered } from './errors';
import { Follower, gone } from './follow';
import { randomKey } from './hash';
import { browser, type Host } from './host';
import { Http, patience, type Patience } from './http';
import { MockClient } from './mock';
import { Meter } from './progress';
import { SessionKeeper } from './session';
import { localStore, Notes, type Store } from './store';
import type { Catalog, Change, Consent, How, Imgfleet, Picture, Rating, Receipt, Session, Task, Wish } from './types';
import { Uploader } from './upload';
import { orAbort } from './wait';
import { pageLanguage, type Language } from './words';

const attemptsBeforeMock = 3;

export interface Config {
  /** Where the gateway is; the page's own origin without. */
  baseUrl?: string;
  language?: Language;
  /** What the person agreed to, for pages that ask before anything else. */
  consent?: Consent;
  /** The open campaign that pictures belong to, such as the page's own `?c=`. */
  campaign?: string;
  /** Where the session is kept; localStorage without. */
  store?: Store;
  patience?: Partial<Patience>;
  /** Works without any server, for demonstrations and work on a page. */
  mock?: boolean;
  /** Lets the mock stand in when no server can be reached; its pictures are `degraded`. */
  mockWhenUnreachable?: boolean;
  host?: Host;
}

/** Makes a client, or its mock. */
export function createClient(config: Config = {}): Imgfleet {
  return config.mock ? new MockClient(config.language) : new Client(config);
}

/** One person at one gateway. */
export class Client implements Imgfleet {
  private readonly http: Http;
  private readonly notes: Notes;
  private readonly keeper: SessionKeeper;
  private readonly uploader: Uploader;
  private readonly mock: MockClient;

  constructor(private readonly config: Config = {}) {
    const store = config.store ?? localStore();
    const language = config.language ?? pageLanguage();
    const attempts = config.mockWhenUnreachable ? attemptsBeforeMock : patience.attempts;
    const all = { ...patience, attempts, ...config.patience };
    this.http = new Http(config.baseUrl ?? '', config.host ?? browser(), all, language);
    this.notes = new Notes(store);
    this.keeper = new SessionKeeper(this.http, store, this.notes);
    this.uploader = new Uploader(this.keeper, this.notes);
    this.mock = new MockClient(language);
  }

  async generate(file: Blob, wish: Wish, how: How = {}): Promise<Picture> {
    const meter = new Meter(how.onProgress, this.http.language);
    let task: Task;
    try {
      how.signal?.throwIfAborted();
      this.demandNetwork();
      task = await this.begin(file, wish, how, meter);
    } catch (e) {
      return this.standIn(e).goOn(meter, file, wish, how.signal);
    }
    return this.see(task, meter, how.signal);
  }

  async regenerate(taskId: string, change: Change = {}, how: How = {}): Promise<Picture> {
    if (this.mock.made(taskId)) return this.mock.regenerate(taskId, change, how);
    const meter = new Meter(how.onProgress, this.http.language);
    how.signal?.throwIfAborted();
    return this.see(await this.submit(at(taskId, '/regenerate'), change, how.signal), meter, how.signal);
  }

  async resume(how: How = {}): Promise<Picture | undefined> {
    const taskId = this.notes.newest('task ');
    if (!taskId) return undefined;
    try {
      const asked = this.keeper.send<Task>({ method: 'GET', path: at(taskId), signal: how.signal });
      const task = await asked.catch((e: unknown) => {
        if (how.signal?.aborted) this.giveUp(taskId);
        throw e;
      });
      return await this.see(task, new Meter(how.onProgress, this.http.language), how.signal);
    } catch (e) {
      if (!gone(e) && !isRefused(e, 'session_erased')) throw e;
      this.settle(taskId);
      return undefined;
    }
  }

  async cancel(taskId: string): Promise<void> {
    if (this.mock.made(taskId)) return this.mock.cancel(taskId);
    try {
      await this.keeper.send({ method: 'POST', path: at(taskId, '/cancel'), body: {}, keepalive: true });
    } catch (e) {
      if (!isRefused(e, 'task_finished')) throw e; // it ended by itself
    }
    this.settle(taskId);
  }

  async remove(taskId: string): Promise<Receipt> {
    if (this.mock.made(taskId)) return this.mock.remove(taskId);
    const receipt = await this.keeper.send<Receipt>({ method: 'DELETE', path: at(taskId) });
    this.settle(taskId);
    return receipt;
  }

  async feedback(taskId: string, rating: Rating): Promise<void> {
    if (this.mock.made(taskId)) return;
    await this.keeper.send({ method: 'POST', path: at(taskId, '/feedback'), body: { rating } });
  }

  async catalog(): Promise<Catalog> {
    try {
      this.demandNetwork();
      return await this.http.send<Catalog>({ method: 'GET', path: '/catalog' });
    } catch (e) {
      return this.standIn(e).catalog();
    }
  }

  session(): Promise<Session> {
    return this.keeper.send({ method: 'GET', path: '/session', anybody: true });
  }

  async eraseSession(): Promise<Receipt> {
    const receipt = await this.keeper.send<Receipt>({ method: 'DELETE', path: '/session' });
    this.keeper.forget();
    return receipt;
  }

  /** Where a mock stands in, offline is not waited for. */
  private demandNetwork(): void {
    if (this.config.mockWhenUnreachable && !this.http.host.online()) throw this.http.lost();
  }

  /** The mock, if this is what it is wanted for. */
  private standIn(e: unknown): MockClient {
    if (!unanswered(e) || !this.config.mockWhenUnreachable) throw e;
    return this.mock;
  }

  /** Uploads and submits; a photo that the server lost meanwhile is sent once more. */
  private async begin(file: Blob, wish: Wish, how: How, meter: Meter): Promise<Task> {
    if (!(file instanceof Blob)) throw unable('photo_missing', this.http.language); // an empty <input type=file>
    const consent = how.consent ?? this.config.consent;
    for (let again = false; ; again = true) {
      const onStage = meter.reach.bind(meter);
      try {
        const { uploadId } = await this.uploader.upload(file, { consent, onStage, signal: how.signal });
        try {
          return await this.submit('/tasks', { uploadId, campaign: this.config.campaign, ...wish }, how.signal);
        } catch (e) {
          if (isRefused(e, ...lost)) this.uploader.forget(uploadId);
          throw e;
        }
      } catch (e) {
        if (again || !isRefused(e, ...lost)) throw e;
      }
    }
  }

  /**
   * Asks for a task, once whatever happens: the key of a wish is kept until the
   * wish is fulfilled, so a lost answer or a reloaded page finds the same task.
   */
  private async submit(path: string, body: object, signal?: AbortSignal): Promise<Task> {
    const note = `key ${path} ${JSON.stringify(body)}`;
    const key = this.notes.get(note) ?? randomKey();
    this.notes.set(note, key);
    const unsent = new AbortController();
    let sent = false;
    const headers = { 'Idempotency-Key': key };
    const sending = () => (sent = true);
    const posted = this.keeper.send<Task>({ method: 'POST', path, body, headers, signal: unsent.signal, sending });
    try {
      const task = await orAbort(posted, signal);
      this.notes.set('task ' + task.taskId, note);
      return task;
    } catch (e) {
      if (signal?.aborted || !open(e)) this.notes.drop(note);
      if (signal?.aborted) {
        if (!sent) unsent.abort();
        posted.then((task) => this.cancel(task.taskId)).catch(() => {});
      } else if (isRefused(e, 'task_deleted', 'idempotency_mismatch')) {
        return this.submit(path, body, signal);
      }
      throw e;
    }
  }

  /** Follows a task to its end and makes a picture or an error of it. */
  private async see(task: Task, meter: Meter, signal?: AbortSignal): Promise<Picture> {
    let done: Task;
    try {
      done = await new Follower(this.keeper, task, (doc, preview) => meter.task(doc, preview), signal).follow();
    } catch (e) {
      if (signal?.aborted) this.giveUp(task.taskId);
      throw e;
    }
    this.settle(done.taskId);
    if (done.state !== 'succeeded' || !done.result) throw failure(done, this.http.language);
    return this.picture(done, done.result);
  }

  /** Forgets a task and has it canceled. */
  private giveUp(taskId: string): void {
    this.settle(taskId);
    this.cancel(taskId).catch(() => {}); // it ends by itself at its deadline
  }

  /** Forgets what was kept for a reload: the same wish is a new one from now on. */
  private settle(taskId: string): void {
    const kept = 'task ' + taskId;
    this.notes.drop(this.notes.get(kept) ?? '');
    this.notes.drop(kept);
  }

  private picture(task: Task, result: NonNullable<Task['result']>): Picture {
    const { taskId, style, place, expiresAt, degraded = false, cached = false, campaign } = task;
    const { width, height, contentType, landingUrl } = result;
    const imageUrl = this.http.at(result.imageUrl);
    const thumbnailUrl = this.http.at(result.thumbnailUrl);
    const picture = { taskId, imageUrl, thumbnailUrl, width, height, contentType, style, place, expiresAt, degraded };
    return { ...picture, cached, ...(campaign ? { campaign, landingUrl } : {}) };
  }
}

/** Codes that say that the photo is not there any more. */
const lost = ['upload_not_found', 'upload_expired', 'upload_not_ready', 'session_erased'];

/** Whether a request may have been accepted although its answer never came. */
const open = (e: unknown): boolean => e instanceof ApiError && (e.status === 0 || e.status >= 500);

const at = (taskId: string, rest = '') => '/tasks/' + encodeURIComponent(taskId) + rest;
