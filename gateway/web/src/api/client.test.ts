import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient, type Config } from './client';
import { UnreachableError } from './errors';
import { FakeServer, fakeStore } from './fakes/server';
import { photo, refusal, soon, turn, wish } from './fakes/soon';
import type { Progress } from './types';

const proxy = { status: 504, code: '' }; // nothing of the gateway's
let server: FakeServer;
let store = fakeStore();
const page = (more: Config = {}) =>
  createClient({ host: server.host(), store, consent: true, language: 'en', ...more });

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  store = fakeStore();
});
afterEach(() => void vi.useRealTimers());

describe('a picture', () => {
  test('is made of a photo, a style and a place', async () => {
    const seen: Progress[] = [];
    const picture = await soon(page().generate(photo(), wish, { onProgress: (p) => seen.push(p) }));
    expect(picture).toMatchObject({
      taskId: 't1',
      imageUrl: 'http://page.test/files/p.jpg?s=1',
      width: 8,
      degraded: false,
    });
    expect(server.sources.opened).toEqual([1]);
    const values = seen.map((p) => p.value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect([values[0], values.at(-1)]).toEqual([0, 1]);
    const stages = [...new Set(seen.map((p) => p.stage))];
    expect(stages).toEqual(['preparing', 'uploading', 'checking', 'queued', 'running', 'done']);
    expect(values.filter((v) => v === 1)).toHaveLength(1);
  });

  test('of the same photo sends no byte again', async () => {
    await soon(page().generate(photo(), wish));
    await soon(page().generate(photo(), { ...wish, style: 'oil' }));
    expect(server.count('POST /uploads')).toBe(1);
    expect(server.tasks.size).toBe(2);
  });

  test('of the same wish is a new one when the first is finished', async () => {
    await soon(page().generate(photo(), wish));
    await soon(page().generate(photo(), wish));
    expect(new Set(server.keys).size).toBe(2);
    await soon(page().regenerate('t1'));
    await soon(page().regenerate('t1'));
    expect(new Set(server.keys).size).toBe(4);
  });

  test('belongs to the campaign of the page, or of the wish', async () => {
    const campaign = { campaign: 'expo', landingUrl: 'https://expo.example' };
    expect(await soon(page({ campaign: 'expo' }).generate(photo(), wish))).toMatchObject(campaign);
    await soon(page({ campaign: 'expo' }).generate(photo(), { ...wish, campaign: 'other' }));
    expect(server.campaign).toBe('other');
    expect(await soon(page().generate(photo(), wish))).not.toHaveProperty('campaign');
  });

  test('needs a photo', async () => {
    const nothing = undefined as unknown as File; // what an empty input gives
    expect(await refusal(page().generate(nothing, wish))).toMatchObject({ code: 'photo_missing' });
  });

  test('that fails says why', async () => {
    const error = { type: '', title: '', status: 422, detail: 'No.', code: 'content_refused', retryable: false };
    server.script = [
      ...server.script.slice(0, 3),
      { id: 4, name: 'failed', data: { state: 'failed', message: '', error } },
    ];
    expect(await refusal(page().generate(photo(), wish))).toMatchObject({
      code: 'content_refused',
      detail: 'No.',
      retryable: false,
    });
  });
});

describe('a stream', () => {
  test('that is cut goes on after the last event', async () => {
    server.sources.cutAfter = [2, 1];
    const seen: string[] = [];
    await soon(page().generate(photo(), wish, { onProgress: (p) => seen.push(p.stage) }));
    expect(server.sources.opened).toEqual([1, 3, 4]);
    expect(seen.filter((s) => s === 'running')).toHaveLength(3);
  });

  test('that repeats itself tells nothing twice', async () => {
    server.sources.repeat = true;
    const seen: string[] = [];
    await soon(page().generate(photo(), wish, { onProgress: (p) => seen.push(p.stage) }));
    expect(seen.filter((s) => s === 'queued' || s === 'running' || s === 'done')).toHaveLength(6);
  });

  test('that never comes is replaced by asking', async () => {
    server.sources.refused = Infinity;
    const picture = await soon(page().generate(photo(), wish));
    expect(picture.taskId).toBe('t1');
    expect(server.sources.opened.length).toBeLessThanOrEqual(3);
    expect(server.count('GET /tasks/t1')).toBeGreaterThan(1);
  });

  test('is not needed where the browser has none', async () => {
    const host = { ...server.host(), EventSource: undefined };
    await soon(page({ host }).generate(photo(), wish));
    expect(server.count('GET /tasks/t1')).toBe(5);
  });

  test('of a page that slept is opened anew when it is back', async () => {
    const silent = server.script;
    server.script = silent.slice(0, 1);
    const made = page().generate(photo(), wish);
    while (server.sources.opened.length === 0) await turn();
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.sources.opened).toEqual([1]);
    server.script = silent;
    server.wake();
    await soon(made);
    expect(server.sources.opened).toEqual([1, 1]);
  });

  test('that has fallen silent is found out', async () => {
    const whole = server.script;
    server.script = whole.slice(0, 1);
    const made = page().generate(photo(), wish);
    while (server.sources.opened.length === 0) await turn();
    await vi.advanceTimersByTimeAsync(1000);
    server.script = whole;
    await soon(made);
    expect(server.count('GET /tasks/t1')).toBeGreaterThan(0);
    expect(server.sources.opened.length).toBe(2);
  });

  test('of a deleted task ends', async () => {
    server.sources.refused = Infinity;
    const made = page().generate(photo(), wish);
    while (server.tasks.size === 0) await turn();
    server.tasks.clear();
    expect(await refusal(made)).toMatchObject({ status: 404, code: 'task_not_found' });
  });
});

describe('a refusal', () => {
  test('that names a time is waited for', async () => {
    server.plan(
      /^POST \/tasks/,
      { status: 503, code: 'queue_full', after: 7 },
      { status: 429, code: 'rate_limited', after: 5 },
    );
    const began = Date.now();
    await soon(page().generate(photo(), wish));
    expect(Date.now() - began).toBeGreaterThanOrEqual(12_000);
    expect(new Set(server.keys).size).toBe(1);
  });

  test('that names midnight is for people', async () => {
    server.plan(/^POST \/tasks/, { status: 429, code: 'quota_exceeded', after: 3600 });
    expect(await refusal(page().generate(photo(), wish))).toMatchObject({
      code: 'quota_exceeded',
      retryable: true,
      retryAfter: 3600,
      detail: 'sentence of quota_exceeded',
    });
    expect(server.count('POST /tasks')).toBe(1);
  });

  test('is not repeated for ever', async () => {
    server.plan(
      /^GET \/catalog/,
      ...Array<{ status: number; code: string }>(20).fill({ status: 503, code: 'engine_unavailable' }),
    );
    expect(await refusal(page().catalog())).toMatchObject({ status: 503 });
    expect(server.count('GET /catalog')).toBe(6);
  });

  test('of a photo is told at once', async () => {
    server.plan(/complete$/, { status: 422, code: 'photo_too_small' });
    expect(await refusal(page().generate(photo(), wish))).toMatchObject({ status: 422, code: 'photo_too_small' });
  });
});

describe('a session', () => {
  test('that expired is renewed in the middle', async () => {
    const client = page();
    await soon(client.generate(photo(), wish));
    server.valid = 'another';
    await soon(client.regenerate('t1'));
    expect(server.count('POST /sessions')).toBe(2);
  });

  test('that was erased elsewhere gives way to a new one', async () => {
    await soon(page().generate(photo(), wish));
    server.erased = server.valid;
    server.uploads.clear();
    const picture = await soon(page().generate(photo(), wish));
    expect(picture.taskId).toBe('t2');
    expect(server.count('POST /uploads')).toBe(2);
  });

  test('is forgotten when it is erased here', async () => {
    await soon(page().generate(photo(), wish));
    await soon(page().eraseSession());
    expect([store.get('token'), store.get('notes')]).toEqual([null, null]);
  });

  test('is made once for many', async () => {
    const client = page();
    await soon(Promise.all([client.session(), client.session(), client.feedback('t1', 'like').catch(() => {})]));
    expect(server.count('POST /sessions')).toBe(1);
  });

  test('that asks for work which cannot be done ends in a sentence', async () => {
    const asked = { algorithm: 'SHA-256', challenge: 'none', maxNumber: 3, salt: 's', signature: '' };
    const doc = { status: 428, code: 'challenge_required', detail: '…', retryable: true, challenge: asked };
    const headers = { 'Content-Type': 'application/problem+json' };
    const fetch = async () => new Response(JSON.stringify(doc), { status: 428, headers });
    expect(await refusal(page({ host: { ...server.host(), fetch } }).session())).toMatchObject({
      code: 'challenge_unsolved',
      detail: 'This browser cannot prove that it is one. Please try another.',
    });
  });

  test.each(['maxNumber', 'maxnumber'])('does the work that the operator wants, up to %s', async (limit) => {
    const salt = 'salt?expires=1';
    const sum = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(salt + 41));
    const challenge = [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, '0')).join('');
    const asked = { algorithm: 'SHA-256', challenge, [limit]: 100, salt, signature: 'sig' };
    const host = server.host();
    const bodies: string[] = [];
    const guarded: typeof fetch = async (url, init) => {
      if (!String(url).endsWith('/sessions')) return host.fetch(url, init);
      bodies.push(String(init?.body));
      if (bodies.length > 1) return host.fetch(url, init);
      const doc = { status: 428, code: 'challenge_required', detail: '…', retryable: true, challenge: asked };
      return new Response(JSON.stringify(doc), {
        status: 428,
        headers: { 'Content-Type': 'application/problem+json' },
      });
    };
    await soon(page({ host: { ...host, fetch: guarded } }).session());
    const { solution } = JSON.parse(bodies[1] ?? '{}') as { solution: string };
    expect(JSON.parse(atob(solution))).toEqual({ algorithm: 'SHA-256', challenge, number: 41, salt, signature: 'sig' });
  });
});

describe('a lost connection', () => {
  test('never makes a second task', async () => {
    server.plan(/^POST \/tasks/, 'unanswered', 'lost', 'unanswered');
    await soon(page().generate(photo(), wish));
    expect(server.keys).toHaveLength(3);
    expect(new Set(server.keys).size).toBe(1);
    expect(server.tasks.size).toBe(1);
  });

  test('never makes a second task over a reload either', async () => {
    server.plan(/^POST \/tasks/, ...Array<'unanswered'>(6).fill('unanswered'));
    expect(await refusal(page().generate(photo(), wish))).toBeInstanceOf(UnreachableError);
    await soon(page().generate(photo(), wish));
    expect(server.tasks.size).toBe(1);
    expect(server.count('POST /uploads')).toBe(1);
  });

  test('behind a proxy never makes a second task either', async () => {
    server.plan(/^POST \/tasks/, 'unanswered', ...Array<{ status: number; code: string }>(5).fill(proxy));
    expect(await refusal(page().generate(photo(), wish))).toMatchObject({ status: 504 });
    await soon(page().generate(photo(), wish));
    expect(server.tasks.size).toBe(1);
  });

  test('is waited for while the phone knows that it is offline', async () => {
    server.online = false;
    const made = page().generate(photo(), wish);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(server.calls).toEqual([]);
    server.online = true;
    server.wake();
    await soon(made);
  });

  test('ends in a sentence', async () => {
    server.plan(/./, ...Array<'lost'>(100).fill('lost'));
    expect(await refusal(page().generate(photo(), wish))).toMatchObject({
      status: 0,
      code: 'unreachable',
      detail: 'No connection. Please check and try again.',
    });
  });

  test('lets the mock stand in where that is wanted', async () => {
    server.plan(/./, ...Array<'lost'>(100).fill('lost'));
    const seen: number[] = [];
    const client = page({ mockWhenUnreachable: true });
    const picture = await soon(client.generate(photo(), wish, { onProgress: (p) => seen.push(p.value) }));
    expect(picture.degraded).toBe(true);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });
});

describe('the stand-in', () => {
  test('does not wait for a network', async () => {
    server.online = false;
    const client = page({ mockWhenUnreachable: true });
    expect((await soon(client.catalog())).styles.length).toBeGreaterThan(2);
    const { taskId, degraded } = await soon(client.generate(photo(), wish));
    expect(degraded).toBe(true);
    await soon(client.regenerate(taskId));
    expect((await client.remove(taskId)).deleted.tasks).toBe(1);
    expect(server.calls).toEqual([]);
  });

  test('stands in when only a proxy answers', async () => {
    server.plan(/./, ...Array<{ status: number; code: string }>(100).fill(proxy));
    const client = page({ mockWhenUnreachable: true });
    expect((await soon(client.catalog())).version).toBe(0);
    expect((await soon(client.generate(photo(), wish))).degraded).toBe(true);
  });

  test('never stands in for a refusal', async () => {
    server.plan(/complete$/, { status: 422, code: 'photo_too_small' });
    expect(await refusal(page({ mockWhenUnreachable: true }).generate(photo(), wish))).toMatchObject({ status: 422 });
  });
});

describe('leaving a page', () => {
  test('in the middle of a picture is resumed on the next one', async () => {
    void page().generate(photo(), wish);
    server.script = server.script.slice(0, 2); // it is still queued when the page goes
    while (server.sources.opened.length === 0) await turn();
    server.script = new FakeServer().script;
    const picture = await soon(page().resume());
    expect(picture?.taskId).toBe('t1');
    expect(await soon(page().resume())).toBeUndefined();
  });

  test('and canceling on the next one makes the same wish a new one', async () => {
    server.script = server.script.slice(0, 2);
    void page().generate(photo(), wish);
    while (server.sources.opened.length === 0) await turn();
    await soon(page().cancel('t1'));
    expect(await soon(page().resume())).toBeUndefined();
    server.script = new FakeServer().script;
    await soon(page().generate(photo(), wish));
    expect(new Set(server.keys).size).toBe(2);
  });

  test('and giving up on the next one, before it is known, cancels the picture', async () => {
    server.script = server.script.slice(0, 2);
    void page().generate(photo(), wish);
    while (server.sources.opened.length === 0) await turn();
    server.plan(/^GET \/tasks/, ...Array<'lost'>(100).fill('lost'));
    const stop = new AbortController();
    const made = page().resume({ signal: stop.signal });
    await turn();
    stop.abort();
    await expect(soon(made)).rejects.toMatchObject({ name: 'AbortError' });
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.count('POST /tasks/t1/cancel')).toBe(1);
  });
});

describe('the mock', () => {
  test('needs a photo and a picture of its own, too', async () => {
    const client = page({ mock: true });
    const nothing = undefined as unknown as File;
    expect(await refusal(client.generate(nothing, wish))).toMatchObject({ code: 'photo_missing' });
    expect(await refusal(client.regenerate('t1'))).toMatchObject({ code: 'photo_missing' });
  });

  test('does a whole page without a server', async () => {
    const client = page({ mock: true });
    const picture = await soon(client.generate(photo(), wish));
    expect(picture).toMatchObject({ degraded: true, style: 'ink-wash' });
    expect((await soon(client.regenerate(picture.taskId))).taskId).not.toBe(picture.taskId);
    expect((await client.catalog()).styles.length).toBeGreaterThan(2);
    expect((await client.eraseSession()).deleted.tasks).toBe(2);
    expect(server.calls).toEqual([]);
  });

  test('can be canceled', async () => {
    const stop = new AbortController();
    const made = page({ mock: true }).generate(photo(), wish, { signal: stop.signal });
    await vi.advanceTimersByTimeAsync(300);
    stop.abort();
    await expect(soon(made)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
