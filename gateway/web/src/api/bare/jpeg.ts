import { joined, type Bytes } from './bytes';
import { orientation, orientationOnly } from './tiff';

const [exif, exifHead] = [0xe1, 10]; // where the TIFF block begins
const exifName = [0x45, 0x78, 0x69, 0x66, 0, 0];
const profile = 0xe2; // of colours, or a list of further pictures
const profileName = [...'ICC_PROFILE\0'].map((c) => c.charCodeAt(0));
const [jfif, adobe, comment] = [0xe0, 0xee, 0xfe];

/** A JPEG without its metadata, comments, and further pictures behind it. */
export function bareJPEG(photo: Bytes): Bytes {
  const kept = [photo.subarray(0, 2)];
  let turned: Bytes | undefined;
  for (let at = 2; ;) {
    const [marker, end] = segment(photo, at);
    if (end === undefined) return photo;
    if (marker === 0xda) return joined([...kept, photo.subarray(at, ending(photo, end))]);
    const body = photo.subarray(at, end);
    if (marker === exif && !turned && named(body, exifName)) {
      kept.push((turned = exifSegment(orientationOnly(orientation(body.subarray(exifHead))))));
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

const exifSegment = (tiff: number[]): Bytes =>
  new Uint8Array([0xff, exif, 0, 2 + exifName.length + tiff.length, ...exifName, ...tiff]);
