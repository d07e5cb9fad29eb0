import { joined, letters, name, viewOf, type Bytes } from './bytes';
import { orientation, orientationOnly } from './tiff';

/** What is not needed to decode, but tells of colours. */
const colours = [
  'sRGB',
  'gAMA',
  'cHRM',
  'iCCP',
  'cICP',
  'mDCV',
  'cLLI',
  'sBIT',
  'tRNS',
  'bKGD',
  'pHYs',
  'hIST',
  'sPLT',
];

/** A PNG without texts, times, Exif, and whatever lies behind its end. */
export function barePNG(photo: Bytes): Bytes {
  const view = viewOf(photo);
  const kept = [photo.subarray(0, 8)];
  for (let at = 8; ;) {
    const type = name(photo, at + 4);
    const end = at + 12 + view.getUint32(at);
    if (end > photo.length) return photo;
    const needed = type[0]! >= 'A' && type[0]! <= 'Z';
    if (needed || colours.includes(type)) kept.push(photo.subarray(at, end));
    if (type === 'eXIf') {
      const way = orientation(photo.subarray(at + 8, end - 4));
      if (way !== 1) kept.push(chunk(letters(type).concat(orientationOnly(way))));
    }
    if (type === 'IEND') return joined(kept);
    at = end;
  }
}

/** A chunk of a type and its data. */
function chunk(data: number[]): Bytes {
  const all = new Uint8Array(data.length + 8);
  all.set(data, 4);
  viewOf(all).setUint32(0, data.length - 4);
  viewOf(all).setUint32(data.length + 4, crc(data));
  return all;
}

function crc(data: number[]): number {
  let c = -1;
  for (const byte of data) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}
