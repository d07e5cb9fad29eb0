import { afterEach, describe, expect, test, vi } from 'vitest';
import { fakeStore } from './fakes/server';
import { localStore, Notes } from './store';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a store', () => {
  test('keeps what the browser keeps', () => {
    const kept = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    });
    const store = localStore();
    store.set('token', 'a');
    expect([store.get('token'), [...kept]]).toEqual(['a', [['imgfleet.token', 'a']]]);
    store.set('token', null);
    expect([store.get('token'), kept.size]).toEqual([null, 0]);
  });

  test('remembers for as long as the page lives where the browser has no room', () => {
    vi.stubGlobal('localStorage', {
      getItem: () => null,
      setItem() {
        throw new Error('QuotaExceededError');
      },
      removeItem() {},
    });
    const store = localStore();
    store.set('token', 'a');
    expect(store.get('token')).toBe('a');
    store.set('token', null);
    expect(store.get('token')).toBeNull();
  });

  test('needs no browser', () => {
    const store = localStore();
    store.set('token', 'a');
    expect(store.get('token')).toBe('a');
  });
});

describe('notes', () => {
  test('are few and the newest', () => {
    const notes = new Notes(fakeStore());
    for (let i = 0; i < 100; i++) notes.set(`task ${i}`, 'x');
    expect([notes.get('task 99'), notes.get('task 60'), notes.get('task 59')]).toEqual(['x', 'x', undefined]);
    expect(notes.newest('task ')).toBe('99');
  });

  test('are forgotten after a day', () => {
    vi.useFakeTimers();
    const notes = new Notes(fakeStore());
    notes.set('photo a', 'u1');
    vi.advanceTimersByTime(24 * 3600 * 1000);
    expect(notes.get('photo a')).toBeUndefined();
  });

  test('that somebody spoiled are no notes', () => {
    for (const text of ['{', 'null', '[1]', '"x"', '{"a":1}', '{"a":null}']) {
      const store = fakeStore();
      store.set('notes', text);
      const notes = new Notes(store);
      notes.set('b', 'c');
      expect([notes.get('a'), notes.get('b')]).toEqual([undefined, 'c']);
    }
  });
});
