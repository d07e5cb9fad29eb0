import type { Host } from '../host';
import type { Store } from '../store';
import type { Task } from '../types';
import { fakeRequest } from './request';
import { fakeSource, type Sources } from './source';

export interface Event {
  id: number;
  name: string;
  data: Record<string, unknown>;
}

/** What happens to a request instead of an answer; without a code it is a proxy's. */
export type Fault = 'lost' | 'unanswered' | { status: number; code: string; after?: number };

interface Photo {
  size: number;
  got: number;
  sha256?: string;
  ready: boolean;
}

/** What an upload to a bucket must send, or its signature does not hold. */
const signed = { 'Content-Type': 'image/jpeg', 'x-obs-expires': '2' };

/** A gateway in memory, with a switch for every kind of bad luck. */
export class FakeServer {
  readonly calls: string[] = [];
  readonly keys: string[] = [];
  campaign: string | undefined; // of the last wish
  readonly languages = new Map<string, string | null>();
  readonly sources: Sources = { opened: [], cutAfter: [], refused: 0, repeat: false };
  tokens = 0;
  valid = '';
  erased = '';
  online = true;
  flaky = false;
  /** The bytes that one PATCH brings through. */
  patchUpTo = Infinity;
  script: Event[] = happyEnd;
  readonly uploads = new Map<string, Photo>();
  readonly tasks = new Map<string, { key: string; at: number }>();
  private readonly faults: { match: RegExp; fault: Fault }[] = [];
  private readonly awake = new Set<() => void>();

  /** Plans what happens to the next requests that match. */
  plan(match: RegExp, ...faults: Fault[]): void {
    this.faults.push(...faults.map((fault) => ({ match, fault })));
  }

  host(): Host {
    const server = this;
    return {
      fetch: (url, init) => server.fetch(String(url), init),
      EventSource: fakeSource(this),
      XMLHttpRequest: fakeRequest(this),
      location: 'http://page.test/',
      online: () => server.online,
      flaky: () => server.flaky,
      onAwake(f) {
        server.awake.add(f);
        return () => server.awake.delete(f);
      },
    };
  }

  wake(): void {
    for (const f of [...this.awake]) f();
  }

  count(call: string): number {
    return this.calls.filter((c) => c === call).length;
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const method = init.method ?? 'GET';
    this.calls.push(`${method} ${pathname}`);
    this.languages.set(`${method} ${pathname}`, new Headers(init.headers).get('Accept-Language'));
    const at = this.faults.findIndex((f) => f.match.test(`${method} ${pathname}`));
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.fault;
    if (fault === 'lost' || !this.online) throw new TypeError('Failed to fetch');
    if (fault && fault !== 'unanswered') return problem(fault.status, fault.code, fault.after);
    init.signal?.throwIfAborted();
    const answer = this.answer(method, pathname, new Headers(init.headers), init.body);
    if (fault === 'unanswered') throw new TypeError('Failed to fetch');
    return answer;
  }

  document(id: string, through: number): Task {
    const passed = this.script.filter((e) => e.id <= through);
    const ending = passed.find((e) => ['succeeded', 'failed', 'canceled', 'expired'].includes(e.name));
    const progress = Math.max(0, ...passed.map((e) => Number(e.data['progress'] ?? 0)));
    return {
      taskId: id,
      state: (ending?.name ?? (progress ? 'running' : 'queued')) as Task['state'],
      version: through,
      progress: ending?.name === 'succeeded' ? 100 : progress,
      stage: 'generating',
      message: '…',
      createdAt: '',
      expiresAt: '2030-01-01T00:00:00Z',
      style: 'ink-wash',
      place: 'west-lake',
      options: {},
      uploadId: 'u1',
      links: { self: '', stream: `/tasks/${id}/stream?ticket=t`, ws: '', cancel: '', regenerate: '' },
      ...(this.campaign ? { campaign: this.campaign } : {}),
      ...(ending?.name === 'succeeded' ? { result: { ...picture, ...this.landing() } } : {}),
      ...(ending?.name === 'failed' ? { error: ending.data['error'] as NonNullable<Task['error']> } : {}),
    };
  }

  private landing(): { landingUrl?: string } {
    return this.campaign ? { landingUrl: `https://${this.campaign}.example` } : {};
  }

  private answer(method: string, path: string, headers: Headers, body: RequestInit['body']): Response {
    const [, first, id = '', rest = ''] = path.split('/');
    if (path === '/sessions') return this.session(headers);
    if (first === 'catalog') return json(200, { version: 1, styles: [], places: [] });
    if (first === 'put') return this.bytes(id, headers, (body as Blob).size);
    if (first === 'tus') return this.piece(method, id, headers, body as Blob | null);
    const token = headers.get('Authorization')?.slice(7) ?? '';
    if (token && token === this.erased) return problem(401, 'session_erased');
    if (token !== this.valid) return problem(401, 'token_expired');
    if (path === '/uploads/tus') return this.begin(headers);
    if (path === '/uploads') return this.declare(JSON.parse(String(body)) as { size: number; sha256?: string });
    if (first === 'uploads') return this.photo(method, id, rest);
    if (path === '/session')
      return json(200, { receiptId: 'r', deleted: { uploads: 1, tasks: 1, objects: 1 }, at: '' });
    if (method === 'POST' && (id === '' || rest === 'regenerate'))
      return this.accept(headers.get('Idempotency-Key') ?? '', JSON.parse(String(body)) as { campaign?: string });
    return this.task(method, id, rest);
  }

  private session(headers: Headers): Response {
    const old = headers.get('Authorization')?.slice(7);
    if (old && old === this.erased) return problem(401, 'session_erased');
    this.valid = `token${++this.tokens}`;
    return json(201, { sessionId: 's', token: this.valid, expiresAt: '', quota: {} });
  }

  private declare(body: { size: number; sha256?: string }): Response {
    const uploadId = `u${this.uploads.size + 1}`;
    this.uploads.set(uploadId, { ...body, got: 0, ready: false });
    return json(201, { uploadId, status: 'pending', uploadUrl: `/put/${uploadId}`, method: 'PUT', headers: signed });
  }

  private bytes(id: string, headers: Headers, size: number): Response {
    const photo = this.uploads.get(id);
    const whole = Object.entries(signed).every(([name, value]) => headers.get(name) === value);
    if (!photo || !whole) return problem(403, 'signature_invalid');
    photo.got = size;
    return new Response(null, { status: 200 });
  }

  private begin(headers: Headers): Response {
    const id = `u${this.uploads.size + 1}`;
    this.uploads.set(id, { size: Number(headers.get('Upload-Length')), got: 0, ready: false });
    return new Response(null, {
      status: 201,
      headers: { Location: `/tus/${id}`, 'Upload-Id': id, 'Tus-Resumable': '1.0.0' },
    });
  }

  private piece(method: string, id: string, headers: Headers, body: Blob | null): Response {
    const photo = this.uploads.get(id);
    if (!photo) return problem(404, 'upload_not_found');
    if (method === 'PATCH') {
      if (Number(headers.get('Upload-Offset')) !== photo.got) return problem(409, 'upload_offset_mismatch');
      const whole = body?.size ?? 0;
      photo.got += Math.min(whole, this.patchUpTo);
      if (whole > this.patchUpTo) throw new TypeError('cut');
    }
    const said = { 'Upload-Offset': String(photo.got), 'Upload-Length': String(photo.size), 'Tus-Resumable': '1.0.0' };
    return new Response(null, { status: method === 'PATCH' ? 204 : 200, headers: said });
  }

  private photo(method: string, id: string, rest: string): Response {
    const photo = this.uploads.get(id);
    if (!photo) return problem(404, 'upload_not_found');
    if (method === 'DELETE') this.uploads.delete(id);
    if (rest === 'complete' && photo.got < photo.size) return problem(409, 'upload_incomplete');
    if (rest === 'complete') photo.ready = true;
    return json(200, { uploadId: id, status: photo.ready ? 'ready' : 'pending' });
  }

  private accept(key: string, wish: { campaign?: string }): Response {
    this.keys.push(key);
    this.campaign = wish.campaign;
    const before = [...this.tasks].find(([, t]) => t.key === key);
    const id = before?.[0] ?? `t${this.tasks.size + 1}`;
    if (!before) this.tasks.set(id, { key, at: 1 });
    return json(202, this.document(id, this.tasks.get(id)!.at));
  }

  private task(method: string, id: string, rest: string): Response {
    const task = this.tasks.get(id);
    if (!task) return problem(404, 'task_not_found');
    if (rest === 'feedback') return new Response(null, { status: 204 });
    if (method === 'DELETE')
      return json(200, { receiptId: 'r', deleted: { uploads: 0, tasks: 1, objects: 1 }, at: '' });
    if (rest === 'cancel') return json(202, this.document(id, task.at));
    task.at = Math.min(task.at + 1, this.script.length); // time passes between two questions
    return json(200, this.document(id, task.at));
  }
}

const picture = {
  imageUrl: '/files/p.jpg?s=1',
  thumbnailUrl: '/files/t.jpg?s=1',
  width: 8,
  height: 6,
  contentType: 'image/jpeg',
};

/** Queued, painted in three steps, done. */
export const happyEnd: Event[] = [
  { id: 1, name: 'queued', data: { position: 2, eta: { p50Seconds: 1, p90Seconds: 2 } } },
  { id: 2, name: 'queued', data: { position: 1, eta: { p50Seconds: 1, p90Seconds: 2 } } },
  { id: 3, name: 'progress', data: { progress: 20, stage: 'generating', message: '…' } },
  { id: 4, name: 'progress', data: { progress: 50, stage: 'generating', message: '…' } },
  { id: 5, name: 'progress', data: { progress: 80, stage: 'generating', message: '…' } },
  { id: 6, name: 'succeeded', data: {} },
];

export function problem(status: number, code: string, after?: number): Response {
  if (code === '') return new Response('<html>', { status }); // a proxy spoke
  const body = { type: '', title: '', status, detail: `sentence of ${code}`, code, retryable: status >= 429 };
  const headers = new Headers({ 'Content-Type': 'application/problem+json' });
  if (after !== undefined) headers.set('Retry-After', String(after));
  return new Response(JSON.stringify(body), { status, headers });
}

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

/** localStorage that outlives a "page". */
export function fakeStore(): Store {
  const kept = new Map<string, string>();
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => void (value === null ? kept.delete(key) : kept.set(key, value)),
  };
}
