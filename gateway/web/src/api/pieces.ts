import { DetailedError, Upload } from 'tus-js-client';
import type { SessionKeeper } from './session';

/** An upload that was begun, perhaps before the page was reloaded. */
export interface Begun {
  location: string;
  uploadId: string;
}

export interface Pieces {
  begun: Begun | undefined;
  /** Who begins it. */
  token: string;
  metadata: Record<string, string>;
  onBegun: (b: Begun) => void;
  onPart: (p: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * Sends a photo over tus 1.0 and goes on where an earlier try ended. It ends
 * with the first failure: when and how often to try again is its caller's.
 */
export function sendInPieces(session: SessionKeeper, photo: Blob, how: Pieces): Promise<void> {
  const { http } = session;
  const endpoint = http.at('/uploads/tus');
  return new Promise((resolve, reject) => {
    let silence: ReturnType<typeof setTimeout>;
    const end = (settle: () => void) => {
      clearTimeout(silence);
      how.signal?.removeEventListener('abort', stop);
      settle();
    };
    const lost = () => reject(how.signal?.aborted ? (how.signal.reason as Error) : http.lost());
    const stop = () => {
      void upload.abort();
      end(lost);
    };
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(stop, http.patience.silence);
    };
    const upload = new Upload(photo, {
      // Without an endpoint a refused resumption is our caller's to judge.
      ...(how.begun ? { uploadUrl: how.begun.location } : { endpoint }),
      metadata: how.metadata,
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest(request) {
        heard();
        request.setHeader('Accept-Language', http.language);
        if (request.getMethod() === 'POST') request.setHeader('Authorization', 'Bearer ' + how.token);
      },
      onAfterResponse(request, answer) {
        heard();
        const id = answer.getHeader('Upload-Id'),
          location = answer.getHeader('Location');
        if (request.getMethod() !== 'POST' || answer.getStatus() !== 201 || !id || !location) return;
        how.onBegun({ uploadId: id, location: new URL(location, endpoint).href });
      },
      onProgress(sent, total) {
        heard();
        how.onPart(sent / (total || 1));
      },
      onSuccess: () => end(resolve),
      onError: (e) => end(() => (how.signal?.aborted ? lost() : reject(explained(e, session)))),
    });
    how.signal?.addEventListener('abort', stop);
    heard();
    if (how.signal?.aborted) stop();
    else upload.start();
  });
}

/** Tells a refusal from a lost connection. */
function explained(e: Error | DetailedError, { http }: SessionKeeper): Error {
  const answer = e instanceof DetailedError ? e.originalResponse : null;
  if (!answer || answer.getStatus() === 0) return http.lost();
  const no = http.refusal(answer.getStatus(), (name) => answer.getHeader(name), answer.getBody());
  // Another request holds it, or was repeated by the browser itself: where to
  // go on is asked anew.
  const meanwhile = [409, 423].includes(no.status) && no.code !== 'upload_already_complete';
  return meanwhile ? no.passing() : no;
}
