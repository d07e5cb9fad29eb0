import { viewOf, type Bytes } from './bytes';

/** An Exif block that says which way is up, and nothing else. */
export const orientationOnly = (way: number): number[] =>
  [0x4d, 0x4d, 0, 42, 0, 0, 0, 8].concat([0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, way, 0, 0, 0, 0, 0, 0]);

/** Reads tag 0x0112 as the server does; anything unreadable means upright. */
export function orientation(tiff: Bytes): number {
  const view = viewOf(tiff);
  try {
    const order = view.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) return 1;
    const little = order === 0x4949;
    const first = view.getUint32(4, little);
    for (let i = 0; i < view.getUint16(first, little); i++) {
      const at = first + 2 + 12 * i;
      if (view.getUint16(at, little) !== 0x0112 || view.getUint16(at + 2, little) !== 3) continue;
      const way = view.getUint16(at + 8, little);
      return way >= 1 && way <= 8 ? way : 1;
    }
  } catch {
    // It points out of itself.
  }
  return 1;
}
