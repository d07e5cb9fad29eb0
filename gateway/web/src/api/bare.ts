type Bytes = Uint8Array<ArrayBuffer>;

const [exif, exifHead] = [0xe1, 10]; // "Exif", two zeros, and where the TIFF block begins
const profile = 0xe2; // of colours, or a list of further pictures
const profileName = [...'ICC_PROFILE\0'].map((c) => c.charCodeAt(0));
const [jfif, adobe, comment] = [0xe0, 0xee, 0xfe];

/**
 * Takes out of a JPEG what does not show: where and when and by which camera it
 * was taken, comments, further pictures behind it. The colour profile stays,
 * and which way is up. What is no JPEG, or an odd one, stays as it is.
 */
export function bare(photo: Bytes): Bytes {
  if (photo[0] !== 0xff || photo[1] !== 0xd8) return photo;
  const kept = [photo.subarray(0, 2)];
  let turned: Bytes | undefined;
  for (let at = 2; ;) {
    const [marker, end] = segment(photo, at);
    if (end === undefined) return photo;
    if (marker === 0xda) return joined([...kept, photo.subarray(at, ending(photo, end))]);
    const body = photo.subarray(at, end);
    if (marker === exif && !turned && named(body, [0x45, 0x78, 0x69, 0x66, 0, 0])) {
      kept.push((turned = orientationOnly(body.subarray(exifHead))));
    } else if (shows(marker, body)) kept.push(body);
    at = end;
  }
}

/** The marker of a segment and where it ends, undefined where there is none. */
function segment(photo: Bytes, at: number): [number, number | undefined] {
  const [mark, marker = 0, high = 0, low = 0] = photo.subarray(at, at + 4);
  const length = (high << 8) | low;
  const alone = marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9) || marker === 0xff;
  const end = at + 2 + length;
  return [marker, mark !== 0xff || alone || length < 2 || end > photo.length ? undefined : end];
}

function shows(marker: number, body: Bytes): boolean {
  if (marker === profile) return named(body, profileName);
  return marker === jfif || marker === adobe || (marker !== comment && (marker < 0xe0 || marker > 0xef));
}

const named = (body: Bytes, name: number[]): boolean => name.every((c, i) => body[4 + i] === c);

/** Where the picture ends, whose first scan's header ends here. */
function ending(photo: Bytes, from: number): number {
  for (let at = photo.indexOf(0xff, from); at >= 0; at = photo.indexOf(0xff, at)) {
    const marker = photo[at + 1] ?? 0;
    if (marker === 0xd9) return at + 2;
    const data = marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7);
    at = data ? at + (marker === 0xff ? 1 : 2) : (segment(photo, at)[1] ?? at + 2);
  }
  return photo.length; // cut off: the server says what it thinks of it
}

/** An Exif segment that says which way is up, and nothing else. */
function orientationOnly(tiff: Bytes): Bytes {
  const way = orientation(tiff);
  const [head, tag] = [
    [0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8],
    [0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, way, 0, 0, 0, 0, 0, 0],
  ];
  return new Uint8Array([0xff, exif, 0, 2 + head.length + tag.length, ...head, ...tag]);
}

/** Reads tag 0x0112 as the server does; anything unreadable means upright. */
function orientation(tiff: Bytes): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
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

function joined(parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
