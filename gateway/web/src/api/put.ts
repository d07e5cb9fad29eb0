import type { Http } from './http';

/** What a signed address wants. */
export interface Target {
  url: string;
  method: string;
  headers: Record<string, string>;
}

/**
 * Sends a photo in one request. A connection that falls silent, or that the
 * browser gives up by itself (Safari does), counts as unreachable.
 */
export function put(
  http: Http,
  to: Target,
  photo: Blob,
  onPart: (p: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  return http.host.XMLHttpRequest ? watched(http, to, photo, onPart, signal) : plain(http, to, photo, onPart, signal);
}

function watched(
  http: Http,
  to: Target,
  photo: Blob,
  onPart: (p: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new http.host.XMLHttpRequest!();
    const lost = () => end(() => reject(signal?.aborted ? (signal.reason as Error) : http.lost()));
    const stop = () => {
      request.abort();
      lost();
    };
    let silence = setTimeout(stop, http.patience.silence);
    const end = (settle: () => void) => {
      clearTimeout(silence);
      signal?.removeEventListener('abort', stop);
      settle();
    };
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(stop, http.patience.silence);
    };
    request.open(to.method, to.url);
    for (const [name, value] of Object.entries(headers(http, to))) request.setRequestHeader(name, value);
    request.upload.onprogress = (e) => {
      heard();
      if (e.lengthComputable && e.total > 0) onPart(e.loaded / e.total);
    };
    request.onerror = request.ontimeout = request.onabort = lost;
    request.onload = () =>
      end(() => {
        if (request.status >= 200 && request.status < 300) resolve();
        else reject(http.refusal(request.status, (name) => request.getResponseHeader(name), request.responseText));
      });
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    else request.send(photo);
  });
}

/** A refusal of the photo shall be in the page's language, not the browser's. */
const headers = (http: Http, to: Target) => ({ 'Accept-Language': http.language, ...to.headers });

async function plain(
  http: Http,
  to: Target,
  photo: Blob,
  onPart: (p: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  let answer: Response, text: string;
  try {
    answer = await http.host.fetch(to.url, {
      method: to.method,
      headers: headers(http, to),
      body: photo,
      signal: signal ?? null,
    });
    text = await answer.text();
  } catch {
    signal?.throwIfAborted();
    throw http.lost();
  }
  if (!answer.ok) throw http.refusal(answer.status, (name) => answer.headers.get(name), text);
  onPart(1);
}
