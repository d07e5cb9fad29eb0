/** Sides and bytes beyond which a photo is made smaller before it is sent. */
export const longSide = 3072; // the server keeps 2048 of them
export const fromBytes = 4 << 20;
const toBytes = 48 << 20; // decoding more than this may end a phone's tab

const quality = 0.92;

/**
 * Makes a huge photo smaller where the browser can decode it: upright, in sRGB,
 * without the camera's metadata. Whatever fails, the original is returned.
 */
export async function shrink(photo: Blob): Promise<Blob> {
  if (photo.size < fromBytes || photo.size > toBytes || !globalThis.createImageBitmap) return photo;
  if (((globalThis.navigator as { deviceMemory?: number } | undefined)?.deviceMemory ?? 8) < 2) return photo;
  try {
    const bitmap = await createImageBitmap(photo, { imageOrientation: 'from-image' });
    try {
      const scale = longSide / Math.max(bitmap.width, bitmap.height);
      if (scale >= 1) return photo;
      const smaller = await draw(bitmap, Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
      return smaller && smaller.size > 0 && smaller.size < photo.size ? smaller : photo;
    } finally {
      bitmap.close();
    }
  } catch {
    return photo; // HEIC in most browsers, and what is no photo at all
  }
}

async function draw(bitmap: ImageBitmap, width: number, height: number): Promise<Blob | null> {
  if (globalThis.OffscreenCanvas) {
    const canvas = new OffscreenCanvas(width, height);
    paint(canvas.getContext('2d'), bitmap, width, height);
    return canvas.convertToBlob({ type: 'image/jpeg', quality });
  }
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  paint(canvas.getContext('2d'), bitmap, width, height);
  return new Promise((done) => canvas.toBlob(done, 'image/jpeg', quality));
}

type Context = Pick<
  CanvasRenderingContext2D,
  'fillStyle' | 'fillRect' | 'imageSmoothingQuality' | 'imageSmoothingEnabled'
> & { drawImage(image: ImageBitmap, x: number, y: number, w: number, h: number): void };

function paint(context: Context | null, bitmap: ImageBitmap, width: number, height: number): void {
  if (!context) throw new Error('no canvas');
  context.fillStyle = '#fff'; // JPEG knows no transparency
  context.fillRect(0, 0, width, height);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
}
