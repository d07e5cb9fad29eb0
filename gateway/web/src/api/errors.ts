import type { Problem, Task } from './types';
import { say, type Language } from './words';

/** An answer that says no (RFC 9457). `detail` is a sentence for people, `code` is stable. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  /** Seconds until then, where the server named them. */
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;
  /** When a used-up quota is full again. */
  readonly resetsAt: string | undefined;
  /** The whole document, undefined when something else than the gateway spoke. */
  readonly problem: Problem | undefined;

  constructor(
    status: number,
    code: string,
    detail: string,
    retryable: boolean,
    retryAfter?: number,
    problem?: Problem,
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryable = retryable;
    this.retryAfter = retryAfter;
    this.requestId = problem?.requestId;
    this.resetsAt = problem?.resetsAt;
    this.problem = problem;
  }

  /** The same refusal where it is known to pass. */
  passing(): ApiError {
    return new ApiError(this.status, this.code, this.detail, true, this.retryAfter, this.problem);
  }
}

/** Nobody answered. */
export class UnreachableError extends ApiError {
  override readonly name = 'UnreachableError';

  constructor(language: Language) {
    super(0, 'unreachable', say(language, 'unreachable'), true);
  }
}

/** Reads a refusal, whoever it is from. */
export function refusal(
  status: number,
  contentType: string,
  body: string,
  after: string,
  language: Language,
): ApiError {
  const seconds = retryAfter(after);
  if (contentType.startsWith('application/problem+json')) {
    try {
      const p = JSON.parse(body) as Problem;
      if (typeof p.code === 'string' && typeof p.detail === 'string') {
        return new ApiError(status, p.code, p.detail, p.retryable === true, seconds, p);
      }
    } catch {
      // Somebody cut it short; the status still says something.
    }
  }
  const again = status === 423 || status === 429 || status >= 500;
  return new ApiError(status, 'foreign', say(language, 'foreign'), again, seconds);
}

/** Says why a task has no picture. */
export function failure(task: Task, language: Language): ApiError {
  const p = task.error;
  if (p) return new ApiError(p.status, p.code, p.detail, p.retryable, undefined, p);
  const code = task.state === 'canceled' ? 'canceled' : task.state === 'expired' ? 'task_expired' : 'generation_failed';
  return new ApiError(0, code, say(language, code), code !== 'canceled');
}

/** A refusal of the client's own: no photo, one that the phone took back, work that it cannot do. */
export const unable = (
  code: 'photo_missing' | 'photo_unreadable' | 'challenge_unsolved',
  language: Language,
): ApiError => new ApiError(0, code, say(language, code), false);

/** Whether no gateway answered: nobody did, or a proxy in its place. */
export const unanswered = (e: unknown): boolean =>
  e instanceof UnreachableError || (isRefused(e, 'foreign') && [502, 503, 504].includes(e.status));

/** Tells a refusal by its code. */
export const isRefused = (e: unknown, ...codes: string[]): e is ApiError =>
  e instanceof ApiError && codes.includes(e.code);

/** Both forms of the header, in seconds. */
function retryAfter(header: string): number | undefined {
  if (/^\d{1,6}$/.test(header)) return Number(header);
  const at = header ? Date.parse(header) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
