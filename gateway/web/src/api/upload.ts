import { bare } from './bare/bare';
import { ApiError, isRefused, unable } from './errors';
import { sha256 } from './hash';
import type { Begun } from './pieces';
import { put } from './put';
import type { SessionKeeper } from './session';
import { shrink } from './shrink';
import type { Notes } from './store';
import type { Consent, Stage, Upload } from './types';
import { orAbort } from './wait';

/** Photos beyond this go in pieces: losing one request must not lose minutes. */
export const inPiecesFrom = 8 << 20;
const inPiecesFromWhenFlaky = 1 << 20;
const hashUpTo = 64 << 20; // hashing holds the whole photo in memory
const triesInPieces = 10; // without a byte getting through
const triesInOne = 3;

export interface Sending {
  consent: Consent | undefined;
  onStage: (stage: Stage, part: number) => void;
  signal: AbortSignal | undefined;
}

interface Photo {
  blob: Blob;
  type: string;
  sha256: string | undefined;
}

/** What is at the server; a photo that was not sent just now serves others, too. */
interface Brought {
  uploadId: string;
  sent: boolean;
}

/** Brings photos to the server, each once. */
export class Uploader {
  /** Photos on their way: several wishes for one photo send it once. */
  private readonly sending = new Map<string, Promise<unknown>>();

  constructor(
    private readonly session: SessionKeeper,
    private readonly notes: Notes,
  ) {}

  /** Sends a photo and resolves when tasks can use it. */
  async upload(file: Blob, how: Sending): Promise<Upload> {
    how.onStage('preparing', 0);
    const photo = await orAbort(this.prepare(file), how.signal);
    const { sha256 } = photo;
    if (!sha256) return this.bring(photo, how);
    for (let other; (other = this.sending.get(sha256));) await orAbort(other, how.signal);
    const sent = this.bring(photo, how);
    const over = sent.then(
      () => this.sending.delete(sha256),
      () => this.sending.delete(sha256),
    );
    this.sending.set(sha256, over);
    return sent;
  }

  /** Forgets a photo that the server no longer has. */
  forget(uploadId: string): void {
    this.notes.dropWhere((key, text) => key.startsWith('photo ') && text === uploadId);
  }

  private async bring(photo: Photo, how: Sending): Promise<Upload> {
    const ready = await this.known(photo, how.signal);
    if (ready) return ready;
    const { uploadId, sent } = this.inPieces(photo) ? await this.pieces(photo, how) : await this.whole(photo, how);
    how.onStage('checking', 0);
    const complete = { ...path('POST', uploadId, '/complete'), signal: how.signal };
    const done = await this.session.send<Upload>(complete).catch((e: unknown) => {
      if (how.signal?.aborted && sent) this.abandon(uploadId);
      throw e;
    });
    if (photo.sha256) this.notes.set('photo ' + photo.sha256, uploadId);
    how.onStage('checking', 1);
    return done;
  }

  /** Makes a photo small enough and bare, takes it into memory and hashes it. */
  private async prepare(file: Blob): Promise<Photo> {
    const smaller = await shrink(file);
    const type = smaller === file ? typeOf(file) : smaller.type;
    if (smaller.size > hashUpTo) return { blob: smaller, type, sha256: undefined };
    const raw = await smaller.arrayBuffer().catch(() => undefined); // pickers and clouds take files back
    if (!raw) throw unable('photo_unreadable', this.session.http.language);
    const bytes = bare(new Uint8Array(raw));
    return { blob: new Blob([bytes], { type }), type, sha256: await sha256(bytes) };
  }

  /** A photo that was sent before is not sent again. */
  private async known(photo: Photo, signal?: AbortSignal): Promise<Upload | undefined> {
    const uploadId = photo.sha256 && this.notes.get('photo ' + photo.sha256);
    if (!uploadId) return undefined;
    try {
      const upload = await this.session.send<Upload>({ ...path('GET', uploadId), signal });
      if (upload.status === 'ready') return upload;
    } catch (e) {
      if (!isRefused(e, 'upload_not_found', 'upload_expired', 'session_erased')) throw e;
    }
    this.forget(uploadId);
    return undefined;
  }

  private inPieces({ blob }: Photo): boolean {
    return blob.size >= (this.session.http.host.flaky() ? inPiecesFromWhenFlaky : inPiecesFrom);
  }

  /** One signed PUT. A network that cuts it again and again gets pieces instead. */
  private async whole(photo: Photo, how: Sending, again = false): Promise<Brought> {
    const { blob, type, sha256 } = photo;
    const body = { contentType: type, size: blob.size, sha256, consent: how.consent };
    const created = await this.session.send<Upload>({
      method: 'POST',
      path: '/uploads',
      body,
      signal: how.signal,
      anybody: true,
    });
    const { uploadId, uploadUrl, headers = {} } = created;
    if (!uploadUrl) return { uploadId, sent: false };
    const { http } = this.session;
    const to = { url: http.at(uploadUrl), method: 'PUT', headers };
    try {
      await http.retrying(
        () => put(http, to, blob, (p) => how.onStage('uploading', p), how.signal),
        how.signal,
        triesInOne,
      );
    } catch (e) {
      if (isRefused(e, 'upload_already_complete')) return { uploadId, sent: true };
      this.abandon(uploadId);
      const expired = e instanceof ApiError && e.status === 403; // a phone may have been offline for hours
      if (expired && !again) return this.whole(photo, how, true);
      if (!isRefused(e, 'unreachable')) throw e;
      return this.pieces(photo, how);
    }
    return { uploadId, sent: true };
  }

  /** Many requests that go on where the last one was cut, also after a reload. */
  private async pieces(photo: Photo, how: Sending): Promise<Brought> {
    const { sendInPieces } = await import('./pieces');
    const note = photo.sha256 && 'begun ' + photo.sha256;
    let begun = note ? (JSON.parse(this.notes.get(note) ?? 'null') as Begun | null) : null;
    const consent = how.consent === true ? 'true' : how.consent?.policyVersion;
    const metadata: Record<string, string> = { filetype: photo.type, ...(consent ? { consent } : {}) };
    const onBegun = (b: Begun) => {
      begun = b;
      if (note) this.notes.set(note, JSON.stringify(b));
    };
    let best = 0;
    let moved = false;
    const onPart = (part: number) => {
      moved ||= part > best;
      best = Math.max(best, part);
      how.onStage('uploading', part);
    };
    const once = async () =>
      sendInPieces(this.session, photo.blob, {
        begun: begun ?? undefined,
        token: begun ? '' : await orAbort(this.session.token(), how.signal),
        metadata,
        onBegun,
        onPart,
        signal: how.signal,
      });
    const drop = () => {
      begun = null;
      if (note) this.notes.drop(note);
    };
    try {
      const send = () => {
        moved = false;
        return this.orAnew(once, () => begun !== null, drop);
      };
      await this.session.http.retrying(send, how.signal, triesInPieces, () => moved);
    } catch (e) {
      if (how.signal?.aborted && begun) this.abandon((begun as Begun).uploadId);
      if (how.signal?.aborted || (e instanceof ApiError && !e.retryable)) drop();
      throw e;
    }
    const { uploadId } = begun as unknown as Begun;
    drop();
    return { uploadId, sent: true };
  }

  /** Begins anew when what was begun is no more, or the token is too old. */
  private async orAnew(send: () => Promise<void>, resuming: () => boolean, drop: () => void): Promise<void> {
    const resumed = resuming();
    try {
      await send();
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      if (e.code === 'upload_already_complete') return;
      if (resumed && [403, 404, 410].includes(e.status)) drop();
      else if (e.status === 401) await this.renewed(e);
      else throw e;
      await send();
    }
  }

  private async renewed(e: ApiError): Promise<void> {
    if (e.code === 'session_erased') this.session.forget();
    await this.session.renew(await this.session.token());
  }

  /** Has the server delete what arrived of an upload that nobody wants. */
  private abandon(uploadId: string): void {
    void this.session.send({ ...path('DELETE', uploadId), keepalive: true, attempts: 1 }).catch(() => {});
  }
}

const path = (method: string, uploadId: string, rest = '') => ({
  method,
  path: '/uploads/' + encodeURIComponent(uploadId) + rest,
});

/** Many systems have no name for HEIC. */
function typeOf(file: Blob): string {
  if (file.type) return file.type;
  return /\.hei[cf]$/i.test((file as File).name ?? '') ? 'image/heic' : 'application/octet-stream';
}
