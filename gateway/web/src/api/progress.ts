import type { Progress, Stage, Task } from './types';
import { say, type Language } from './words';

/** The share of the way that each stage ends at. */
const ends: Record<Stage, number> = {
  preparing: 0.02,
  uploading: 0.28,
  checking: 0.32,
  queued: 0.38,
  running: 0.99,
  done: 1,
};
const begins: Record<Stage, number> = {
  preparing: 0,
  uploading: 0.02,
  checking: 0.28,
  queued: 0.32,
  running: 0.38,
  done: 1,
};

/** Makes one way of three: upload, queue, painting. It never goes back. */
export class Meter {
  private value = 0;
  private first = 0; // position in the queue

  constructor(
    private readonly report: ((p: Progress) => void) | undefined,
    private readonly language: Language,
  ) {}

  /** Says how much of a stage is done. */
  reach(stage: Stage, part: number, more: Partial<Progress> = {}): void {
    const at = begins[stage] + (ends[stage] - begins[stage]) * Math.min(1, Math.max(0, part));
    this.value = Math.max(this.value, at);
    this.report?.({ message: say(this.language, stage), ...more, value: this.value, stage });
  }

  /** Says where a task is. */
  task(doc: Task, previewUrl?: string): void {
    const more: Partial<Progress> = { taskId: doc.taskId };
    if (doc.message) more.message = doc.message;
    if (doc.queue) more.queue = doc.queue;
    if (previewUrl) more.previewUrl = previewUrl;
    if (doc.state === 'succeeded') return this.reach('done', 1, more);
    if (doc.state !== 'queued') return this.reach('running', doc.progress / 100, more);
    const position = doc.queue?.position ?? 0;
    this.first = Math.max(this.first, position);
    return this.reach('queued', this.first ? 1 - position / (this.first + 1) : 0, more);
  }
}
