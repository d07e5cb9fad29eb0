/** SHA-256 in hex, undefined where the page is not served safely (plain http). */
export async function sha256(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const subtle = globalThis.crypto?.subtle;
  return subtle && hex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
}

/** A key that nobody else draws. */
export const randomKey = (): string => hex(crypto.getRandomValues(new Uint8Array(16)));

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
