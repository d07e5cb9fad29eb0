import { unable } from './errors';
import { Meter } from './progress';
import type { Catalog, Change, How, Imgfleet, Picture, Rating, Receipt, Session, Wish } from './types';
import { sleep } from './wait';
import { pageLanguage, say, type Language } from './words';

const steps = 10;
const stepMs = 120;
const day = 24 * 3600 * 1000;
const maxSide = 1024;

/** Filters of a canvas that make styles look apart. */
const styles = [
  { id: 'ink-wash', zh: '水墨', en: 'Ink wash', filter: 'grayscale(1) contrast(1.4)' },
  { id: 'watercolor', zh: '水彩', en: 'Watercolour', filter: 'saturate(1.6) brightness(1.1)' },
  { id: 'oil', zh: '油画', en: 'Oil painting', filter: 'saturate(1.8) contrast(1.3)' },
  { id: 'film', zh: '老电影', en: 'Old film', filter: 'sepia(0.8) contrast(1.1)' },
];
const places = [
  { id: 'west-lake', zh: '西湖', en: 'West Lake' },
  { id: 'lijiang', zh: '丽江', en: 'Lijiang' },
  { id: 'dunhuang', zh: '敦煌', en: 'Dunhuang' },
];

/** Does a client's work without a server: a filter on the photo, marked as degraded. */
export class MockClient implements Imgfleet {
  private readonly photos = new Map<string, { file: Blob; wish: Wish }>();

  constructor(private readonly language: Language = pageLanguage()) {}

  /** Whether it made this picture. */
  made(taskId: string): boolean {
    return this.photos.has(taskId);
  }

  async generate(file: Blob, wish: Wish, how: How = {}): Promise<Picture> {
    return this.goOn(new Meter(how.onProgress, this.language), file, wish, how.signal);
  }

  /** Makes a picture whose progress somebody else began. */
  async goOn(meter: Meter, file: Blob, wish: Wish, signal?: AbortSignal): Promise<Picture> {
    if (!(file instanceof Blob)) throw unable('photo_missing', this.language);
    const taskId = 'mock' + Math.random().toString(36).slice(2);
    for (const stage of ['preparing', 'uploading', 'checking', 'queued'] as const) {
      meter.reach(stage, 0, { taskId });
      await sleep(stepMs, signal);
      meter.reach(stage, 1, { taskId });
    }
    for (let step = 0; step < steps; step++) {
      await sleep(stepMs, signal);
      meter.reach('running', (step + 1) / steps, { taskId });
    }
    this.photos.set(taskId, { file, wish });
    const picture = await paint(file, styles.find((s) => s.id === wish.style)?.filter ?? 'hue-rotate(90deg)');
    meter.reach('done', 1, { taskId, message: say(this.language, 'mock') });
    const expiresAt = new Date(Date.now() + day).toISOString();
    const { style, place } = wish;
    return {
      ...picture,
      taskId,
      thumbnailUrl: picture.imageUrl,
      style,
      place,
      expiresAt,
      degraded: true,
      cached: false,
    };
  }

  async regenerate(taskId: string, change: Change = {}, how: How = {}): Promise<Picture> {
    const made = this.photos.get(taskId);
    if (!made) throw unable('photo_missing', this.language); // it went with its page
    return this.generate(made.file, { ...made.wish, ...change }, how);
  }

  async resume(_how: How = {}): Promise<Picture | undefined> {
    return undefined;
  }

  async cancel(_taskId: string): Promise<void> {}

  async remove(taskId: string): Promise<Receipt> {
    return receipt(this.photos.delete(taskId) ? 1 : 0);
  }

  async feedback(_taskId: string, _rating: Rating): Promise<void> {}

  async catalog(): Promise<Catalog> {
    const named = ({ id, zh, en }: { id: string; zh: string; en: string }) => {
      const name = this.language === 'en' ? en : zh;
      return { id, name, description: name, previewUrl: '' };
    };
    const options = {
      aspect: ['1:1'],
      resolution: ['1k'],
      steps: { min: 1, max: 50 },
      cfg: { min: 1, max: 20 },
      seed: { min: 0, max: 2147483647 },
      noteLength: 200,
    };
    const privacy = { policyVersion: 'mock', url: '/privacy' };
    return { version: 0, styles: styles.map(named), places: places.map(named), options, privacy };
  }

  async session(): Promise<Session> {
    const tomorrow = new Date(Date.now() + day).toISOString();
    const quota = { daily: 0, used: this.photos.size, resetsAt: tomorrow, active: 0, activeLimit: 0 };
    return { sessionId: 'mock', expiresAt: tomorrow, quota };
  }

  async eraseSession(): Promise<Receipt> {
    const erased = this.photos.size;
    this.photos.clear();
    return receipt(erased);
  }
}

function receipt(tasks: number): Receipt {
  return { receiptId: 'mock', deleted: { uploads: tasks, tasks, objects: tasks }, at: new Date().toISOString() };
}

type Painted = Pick<Picture, 'imageUrl' | 'width' | 'height' | 'contentType'>;

/** Paints the photo through a filter; where there is no canvas, the photo is the picture. */
async function paint(file: Blob, filter: string): Promise<Painted> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, maxSide / Math.max(bitmap.width, bitmap.height));
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    context.filter = filter;
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    return { imageUrl: URL.createObjectURL(blob), width, height, contentType: 'image/jpeg' };
  } catch {
    return { imageUrl: URL.createObjectURL(file), width: 0, height: 0, contentType: file.type };
  }
}
