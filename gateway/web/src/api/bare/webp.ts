import { joined, letters, name, viewOf, type Bytes } from './bytes';
import { orientation, orientationOnly } from './tiff';

const shows = ['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ICCP', 'ANIM', 'ANMF'];
const [exifFlag, xmpFlag] = [0x08, 0x04];

/** A WebP without Exif, XMP, and whatever lies behind its end. */
export function bareWebP(photo: Bytes): Bytes {
  const view = viewOf(photo);
  const stop = 8 + view.getUint32(4, true);
  if (stop > photo.length) return photo;
  const kept: Bytes[] = [];
  let way = 1;
  let features: Bytes | undefined;
  for (let at = 12; at + 8 <= stop;) {
    const type = name(photo, at);
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length + (length & 1);
    if (end > stop) return photo;
    const part = photo.slice(at, end);
    if (shows.includes(type)) kept.push(part);
    if (type === 'VP8X') features = part;
    if (type === 'EXIF') way = orientation(tiff(photo.subarray(at + 8, at + 8 + length)));
    at = end;
  }
  if (features) features[8]! &= ~(exifFlag | xmpFlag);
  if (way !== 1) {
    if (!features) return photo;
    features[8]! |= exifFlag;
    const data = orientationOnly(way);
    kept.push(new Uint8Array([...letters('EXIF'), data.length, 0, 0, 0, ...data]));
  }
  const whole = joined([photo.slice(0, 12), ...kept]);
  viewOf(whole).setUint32(4, whole.length - 8, true);
  return whole;
}

/** Some writers put the prefix of JPEG before it. */
const tiff = (exif: Bytes): Bytes => (name(exif, 0) === 'Exif' ? exif.subarray(6) : exif);
