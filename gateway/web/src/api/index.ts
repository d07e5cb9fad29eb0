/**
 * The client of imgfleet for browsers: a photo, a style and a place go in, a
 * picture comes out, over uploads that resume and streams that reconnect.
 */
import { createClient } from './client';
import type { How, Imgfleet, Picture, Wish } from './types';

export { Client, createClient, type Config } from './client';
export { ApiError, UnreachableError } from './errors';
export { MockClient } from './mock';
export type { Patience } from './http';
export type { Store } from './store';
export type * from './types';

let own: Imgfleet | undefined;

/** Makes a picture with the gateway that serves the page. */
export function generate(file: Blob, wish: Wish, how?: How): Promise<Picture> {
  own ??= createClient();
  return own.generate(file, wish, how);
}
