export type Bytes = Uint8Array<ArrayBuffer>;

export function joined(parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const viewOf = (b: Bytes): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

/** Four letters, as most containers name their parts. */
export const name = (b: Bytes, at: number): string => String.fromCharCode(...b.subarray(at, at + 4));

export const letters = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));
