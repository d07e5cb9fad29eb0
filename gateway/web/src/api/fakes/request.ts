import type { FakeServer } from './server';

/** An XMLHttpRequest over the fake server, as far as uploads need one. */
export function fakeRequest(server: FakeServer): typeof XMLHttpRequest {
  return class {
    status = 0;
    responseText = '';
    withCredentials = false;
    readonly upload: { onprogress?: (e: object) => void } = {};
    onload: ((e?: object) => void) | null = null;
    onerror: ((e?: object) => void) | null = null;
    onabort: ((e?: object) => void) | null = null;
    private method = '';
    private url = '';
    private aborted = false;
    private readonly headers = new Headers();
    private answer: Response | undefined;

    open(method: string, url: string): void {
      [this.method, this.url] = [method, url];
    }

    setRequestHeader(name: string, value: string): void {
      this.headers.set(name, value);
    }

    getResponseHeader(name: string): string | null {
      return this.answer?.headers.get(name) ?? null;
    }

    abort(): void {
      this.aborted = true;
      this.onabort?.();
    }

    send(body: Blob | null = null): void {
      void this.exchange(body);
    }

    private async exchange(body: Blob | null): Promise<void> {
      await new Promise((done) => setTimeout(done, 20));
      if (this.aborted) return;
      if (body) this.upload.onprogress?.({ lengthComputable: true, loaded: body.size / 2, total: body.size });
      await new Promise((done) => setTimeout(done, 20));
      if (this.aborted) return;
      try {
        this.answer = await server.fetch(this.url, { method: this.method, headers: this.headers, body });
        this.status = this.answer.status;
        this.responseText = await this.answer.text();
        this.onload?.({});
      } catch {
        this.onerror?.({});
      }
    }
  } as unknown as typeof XMLHttpRequest;
}
