import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient, type Config } from './client';
import { FakeServer, fakeStore } from './fakes/server';
import { photo, refusal, soon, turn, wish } from './fakes/soon';
import './pieces'; // loaded before time flies
import { shrink } from './shrink';
import type { Stage } from './types';
import { inPiecesFrom } from './upload';

let server: FakeServer;
let store = fakeStore();
const page = (more: Config = {}) =>
  createClient({ host: server.host(), store, consent: true, language: 'en', ...more });
const large = () => photo(inPiecesFrom + 1);

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  store = fakeStore();
  vi.stubGlobal('XMLHttpRequest', server.host().XMLHttpRequest); // tus-js-client knows no other
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a small photo', () => {
  test('is sent in one request', async () => {
    await soon(page().generate(photo(), wish));
    expect(server.count('PUT /put/u1')).toBe(1);
    expect(server.count('POST /uploads/tus')).toBe(0);
  });

  test('is refused in the language of the page', async () => {
    server.plan(/^PUT/, { status: 413, code: 'upload_too_large' });
    await refusal(page().generate(photo(), wish));
    expect(server.languages.get('PUT /put/u1')).toBe('en');
  });

  test('is sent again when the request is cut', async () => {
    server.plan(/^PUT/, 'lost', { status: 503, code: 'storage_unavailable', after: 1 });
    await soon(page().generate(photo(), wish));
    expect(server.count('PUT /put/u1')).toBe(3);
  });

  test('may have arrived although nobody said so', async () => {
    server.plan(/^PUT/, { status: 409, code: 'upload_already_complete' });
    server.uploads.set = function (id, p) {
      return Map.prototype.set.call(this, id, { ...p, got: p.size }) as typeof this;
    };
    await soon(page().generate(photo(), wish));
    expect(server.count('PUT /put/u1')).toBe(1);
  });

  test('goes in pieces when requests are cut again and again', async () => {
    server.plan(/^PUT/, 'lost', 'lost', 'lost');
    await soon(page().generate(photo(), wish));
    expect(server.count('POST /uploads/tus')).toBe(1);
    expect(server.count('DELETE /uploads/u1')).toBe(1);
  });

  test('is given up when its connection falls silent, and sent again', async () => {
    const host = server.host();
    let silent = 1;
    const Silent = class extends host.XMLHttpRequest! {
      override send(body: Blob | null = null): void {
        if (silent-- <= 0) super.send(body);
      }
    };
    await soon(page({ host: { ...host, XMLHttpRequest: Silent } }).generate(photo(), wish));
    expect(server.count('PUT /put/u1')).toBe(1);
  });

  test('whose address expired gets another one, once', async () => {
    server.plan(/^PUT/, { status: 403, code: 'signature_expired' });
    await soon(page().generate(photo(), wish));
    expect([server.count('POST /uploads'), server.count('DELETE /uploads/u1')]).toEqual([2, 1]);
    server.plan(/^PUT/, { status: 403, code: 'signature_expired' }, { status: 403, code: 'signature_expired' });
    expect(await refusal(page().generate(photo(2000), wish))).toMatchObject({ status: 403 });
  });

  test('needs no XMLHttpRequest', async () => {
    await soon(page({ host: { ...server.host(), XMLHttpRequest: undefined } }).generate(photo(), wish));
    expect(server.count('PUT /put/u1')).toBe(1);
  });
});

describe('a large photo', () => {
  test('goes in pieces that go on where they were cut', async () => {
    server.patchUpTo = 3 << 20;
    const seen: number[] = [];
    await soon(page().generate(large(), wish, { onProgress: (p) => seen.push(p.value) }));
    expect(server.count('POST /uploads/tus')).toBe(1);
    expect(server.count('PATCH /tus/u1')).toBe(3);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('is sent once for several wishes at a time', async () => {
    const client = page();
    const file = large();
    const wishes = ['oil', 'anime', 'clay'].map((style) => client.generate(file, { ...wish, style }));
    await soon(Promise.all(wishes));
    expect([server.count('POST /uploads/tus'), server.tasks.size]).toEqual([1, 3]);
  });

  test('is still sent for one wish when another is given up', async () => {
    const client = page();
    const file = large();
    // Hashing decides which of them sends; that one is given up.
    let sender: AbortController | undefined;
    const wishes = ['anime', 'oil'].map((style) => {
      const stop = new AbortController();
      const onProgress = (p: { stage: string }) => {
        if (p.stage !== 'uploading' || sender) return;
        sender = stop;
        stop.abort();
      };
      return client.generate(file, { ...wish, style }, { signal: stop.signal, onProgress });
    });
    const ends = await soon(Promise.allSettled(wishes));
    const lost = ends.flatMap((e) => (e.status === 'rejected' ? [e.reason as unknown] : []));
    const made = ends.flatMap((e) => (e.status === 'fulfilled' ? [e.value.taskId] : []));
    expect(lost).toMatchObject([{ name: 'AbortError' }]);
    expect(made).toEqual(['t1']);
  });

  test('goes on after the page was reloaded', async () => {
    server.patchUpTo = 3 << 20;
    let shown = true;
    const before = { ...server.host(), online: () => shown };
    void page({ host: before }).generate(large(), wish);
    while (server.count('PATCH /tus/u1') < 1) await turn();
    shown = false; // for ever
    await soon(page().generate(large(), wish));
    expect(server.count('POST /uploads/tus')).toBe(1);
    expect(server.count('PATCH /tus/u1')).toBe(3);
    expect(server.tasks.size).toBe(1);
  });

  test('begins anew when what had arrived is no more', async () => {
    server.plan(/^PATCH/, 'lost');
    const made = page().generate(large(), wish);
    while (server.count('PATCH /tus/u1') < 1) await turn();
    server.uploads.clear();
    server.uploads.set('other', { size: 1, got: 1, ready: false });
    await soon(made);
    expect(server.count('POST /uploads/tus')).toBe(2);
  });

  test('renews a session that expired before it began', async () => {
    store.set('token', 'old');
    await soon(page().generate(large(), wish));
    expect(server.count('POST /sessions')).toBe(1);
    expect(server.count('POST /uploads/tus')).toBe(2);
  });

  test('waits while another request still holds the upload', async () => {
    server.plan(/^PATCH/, 'lost');
    server.plan(/^HEAD/, { status: 423, code: 'upload_locked' }, { status: 423, code: 'upload_locked' });
    await soon(page().generate(large(), wish));
    expect(server.count('POST /uploads/tus')).toBe(1);
  });

  test('goes on when the browser itself repeated a request', async () => {
    server.plan(/^PATCH/, 'unanswered', { status: 409, code: 'upload_offset_mismatch' });
    server.patchUpTo = 5 << 20;
    await soon(page().generate(large(), wish));
    expect(server.count('POST /uploads/tus')).toBe(1);
  });

  test('that ends in a pause of the server goes on from there when people try again', async () => {
    server.patchUpTo = 3 << 20;
    const down = Array<{ status: number; code: string }>(10).fill({ status: 503, code: 'storage_unavailable' });
    server.plan(/^HEAD/, ...down);
    expect(await refusal(page().generate(large(), wish))).toMatchObject({ status: 503, retryable: true });
    await soon(page().generate(large(), wish));
    expect([server.count('POST /uploads/tus'), server.count('DELETE /uploads/u1')]).toEqual([1, 0]);
  });

  test('that is refused is not tried for ever', async () => {
    server.plan(/^POST .uploads.tus/, { status: 422, code: 'consent_required' });
    expect(await refusal(page().generate(large(), wish))).toMatchObject({ status: 422, code: 'consent_required' });
    expect(server.count('POST /uploads/tus')).toBe(1);
  });

  test('is what a flaky network makes of a smaller one', async () => {
    server.flaky = true;
    await soon(page().generate(photo(2 << 20), wish));
    expect(server.count('POST /uploads/tus')).toBe(1);
  });
});

describe('canceling', () => {
  const stages: Stage[] = ['preparing', 'uploading', 'checking', 'queued', 'running'];
  test.each(stages)('while %s ends at once and leaves no work behind', async (stage) => {
    for (const file of [photo(), large()]) {
      const stop = new AbortController();
      const made = page().generate(file, wish, {
        signal: stop.signal,
        onProgress: (p) => p.stage === stage && stop.abort(),
      });
      await expect(soon(made)).rejects.toMatchObject({ name: 'AbortError' });
      await vi.advanceTimersByTimeAsync(2000);
    }
    const canceled = server.calls.filter((c) => c.endsWith('/cancel')).length;
    expect(canceled).toBe(server.tasks.size);
    if (stage !== 'queued' && stage !== 'running') expect(server.tasks.size).toBe(0);
    if (stage === 'uploading') expect(server.uploads.size).toBe(0);
  });

  test('while the answer is on its way cancels what was accepted', async () => {
    const stop = new AbortController();
    const host = server.host();
    const slow: typeof fetch = async (url, init) => {
      const answer = await host.fetch(url, init);
      if (String(url).endsWith('/tasks')) {
        stop.abort();
        await new Promise((done) => setTimeout(done, 1000));
      }
      return answer;
    };
    const made = page({ host: { ...host, fetch: slow } }).generate(photo(), wish, { signal: stop.signal });
    await expect(soon(made)).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.count('POST /tasks/t1/cancel')).toBe(0);
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.count('POST /tasks/t1/cancel')).toBe(1);
  });

  test('while there is no network ends at once', async () => {
    for (const token of [null, 'old']) {
      for (const file of [photo(), large()]) {
        store.set('token', token);
        server.online = true;
        const stop = new AbortController();
        const made = page().generate(file, wish, {
          signal: stop.signal,
          onProgress: (p) => {
            server.online = p.stage !== 'preparing';
            setTimeout(() => stop.abort(), 1000);
          },
        });
        await expect(soon(made)).rejects.toMatchObject({ name: 'AbortError' });
      }
    }
  });

  test('does not wait for a photo that is still being read', async () => {
    vi.stubGlobal('createImageBitmap', () => new Promise(() => {}));
    const stop = new AbortController();
    const made = page().generate(large(), wish, { signal: stop.signal });
    await turn();
    stop.abort();
    await expect(soon(made)).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.calls).toEqual([]);
  });

  test('while a photo is checked leaves no byte of it behind', async () => {
    for (const file of [photo(), large()]) {
      const stop = new AbortController();
      const onProgress = (p: { stage: string }) => p.stage === 'checking' && stop.abort();
      await expect(soon(page().generate(file, wish, { signal: stop.signal, onProgress }))).rejects.toThrow();
      await vi.advanceTimersByTimeAsync(2000);
      expect(server.uploads.size).toBe(0);
    }
  });

  test('before anything began asks the server nothing', async () => {
    await expect(soon(page().generate(photo(), wish, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(server.calls).toEqual([]);
  });
});

describe('a photo that cannot be read any more', () => {
  test('is asked for again', async () => {
    const gone = photo();
    gone.arrayBuffer = () => Promise.reject(new DOMException('', 'NotReadableError')); // a cloud took it back
    expect(await refusal(page().generate(gone, wish))).toMatchObject({ code: 'photo_unreadable' });
    expect(server.calls).toEqual([]);
  });
});

describe('a huge photo', () => {
  const canvas = (bytes: number) => {
    const drawn: number[][] = [];
    vi.stubGlobal('createImageBitmap', async () => ({ width: 8000, height: 6000, close() {} }));
    vi.stubGlobal(
      'OffscreenCanvas',
      class {
        getContext = () => ({ fillRect() {}, drawImage: (_: unknown, ...at: number[]) => drawn.push(at) });
        convertToBlob = async ({ type }: { type: string }) => new Blob([new Uint8Array(bytes)], { type });
      },
    );
    return drawn;
  };

  test('is made smaller, in proportion', async () => {
    const drawn = canvas(1000);
    const smaller = await shrink(photo(12 << 20));
    expect([smaller.size, smaller.type, drawn]).toEqual([1000, 'image/jpeg', [[0, 0, 3072, 2304]]]);
  });

  test('stays as it is when that saves nothing', async () => {
    canvas(13 << 20);
    const original = photo(12 << 20);
    expect(await shrink(original)).toBe(original);
  });

  test('stays as it is when the browser cannot read it', async () => {
    canvas(1000);
    vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('HEIC')));
    const original = photo(12 << 20);
    expect(await shrink(original)).toBe(original);
  });
});
