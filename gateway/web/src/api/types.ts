import type { components } from './schema';

type Schemas = components['schemas'];

export type Task = Schemas['Task'];
export type Upload = Schemas['Upload'];
export type Session = Schemas['Session'];
export type Catalog = Schemas['Catalog'];
export type Options = Schemas['Options'];
export type Receipt = Schemas['Receipt'];
export type Problem = Schemas['Problem'];
export type Queue = Schemas['Queue'];
export type Rating = Schemas['Feedback']['rating'];

/** What a person agreed to: the policy that was shown, or simply true. */
export type Consent = true | { policyVersion: string };

/** What shall become of a photo. */
export interface Wish {
  style: string;
  place: string;
  options?: Options;
  /** The campaign that it belongs to; that of the client's configuration without. */
  campaign?: string;
}

/** What changes in another try; what is not named stays, except the seed. */
export type Change = Partial<Omit<Wish, 'campaign'>>;

export type Stage = 'preparing' | 'uploading' | 'checking' | 'queued' | 'running' | 'done';

/** How far a picture is. `value` goes from 0 to 1 and never back. */
export interface Progress {
  value: number;
  stage: Stage;
  /** A sentence for people, in their language. */
  message: string;
  taskId?: string;
  queue?: Queue;
  previewUrl?: string;
}

export interface How {
  onProgress?: (progress: Progress) => void;
  /** Aborting cancels the task at the server, too. */
  signal?: AbortSignal;
  /** Overrides the consent of the client's configuration. */
  consent?: Consent;
}

/** A finished picture. Its addresses are absolute and good until `expiresAt`. */
export interface Picture {
  taskId: string;
  imageUrl: string;
  thumbnailUrl: string;
  width: number;
  height: number;
  contentType: string;
  style: string;
  place: string;
  expiresAt: string;
  /** A stand-in made it, not the model that was meant to. */
  degraded: boolean;
  cached: boolean;
  campaign?: string;
  /** Where its campaign wants people to go. */
  landingUrl?: string;
}

/** What a page needs. The client and its mock both are this. */
export interface Imgfleet {
  generate(file: Blob, wish: Wish, how?: How): Promise<Picture>;
  regenerate(taskId: string, change?: Change, how?: How): Promise<Picture>;
  /** Goes on with the picture that was in the making when the page was left. */
  resume(how?: How): Promise<Picture | undefined>;
  cancel(taskId: string): Promise<void>;
  remove(taskId: string): Promise<Receipt>;
  feedback(taskId: string, rating: Rating): Promise<void>;
  catalog(): Promise<Catalog>;
  /** Quota and limits. */
  session(): Promise<Session>;
  /** Erases everything this person has here. */
  eraseSession(): Promise<Receipt>;
}
