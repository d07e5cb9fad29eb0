import { name, type Bytes } from './bytes';
import { bareHEIC } from './heic';
import { bareJPEG } from './jpeg';
import { barePNG } from './png';
import { bareWebP } from './webp';

/**
 * Takes out of a photo what does not show: where and when and by which camera
 * it was taken, comments, films and further files. The colour profile stays,
 * and which way is up. What is no photo, or an odd one, stays as it is: the
 * server removes all of it, too.
 */
export function bare(photo: Bytes): Bytes {
  try {
    if (photo[0] === 0xff && photo[1] === 0xd8) return bareJPEG(photo);
    if (name(photo, 0) === '\x89PNG') return barePNG(photo);
    if (name(photo, 0) === 'RIFF' && name(photo, 8) === 'WEBP') return bareWebP(photo);
    if (name(photo, 4) === 'ftyp') return bareHEIC(photo);
  } catch {
    // It points out of itself.
  }
  return photo;
}
