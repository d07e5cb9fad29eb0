import { expect, vi } from 'vitest';
import { ApiError } from '../errors';

const { setImmediate: yieldTo } = globalThis as unknown as { setImmediate: (f: () => void) => void }; // the real one

export const wish = { style: 'ink-wash', place: 'west-lake' };

export const photo = (size = 1000) => new File([new Uint8Array(size)], 'a.jpg', { type: 'image/jpeg' });

/** Lets time fly until a promise is settled. */
export async function soon<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const noted = promise.finally(() => (settled = true));
  noted.catch(() => {});
  for (let i = 0; !settled; i++) {
    if (i > 20_000) throw new Error('never settled');
    await turn();
  }
  return noted;
}

/** Lets 20 ms of fake time pass, and real work like hashing go on. */
export async function turn(): Promise<void> {
  await new Promise<void>(yieldTo);
  await vi.advanceTimersByTimeAsync(20);
}

/** The refusal that a promise must end in. */
export async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await soon(promise).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}
