/** What the client needs of a browser. Tests bring their own. */
export interface Host {
  readonly fetch: typeof globalThis.fetch;
  readonly EventSource: typeof globalThis.EventSource | undefined;
  readonly XMLHttpRequest: typeof globalThis.XMLHttpRequest | undefined;
  /** What relative addresses are relative to. */
  readonly location: string;
  online(): boolean;
  /** A connection on which large requests tend to be cut. */
  flaky(): boolean;
  /**
   * Calls back when the page is shown again, restored or online again: phones
   * kill the connections of pages that they put to sleep. Returns how to stop.
   */
  onAwake(f: () => void): () => void;
}

interface Connection {
  effectiveType?: string;
  saveData?: boolean;
}

/** The browser that this runs in. */
export function browser(): Host {
  const connection = (globalThis.navigator as { connection?: Connection } | undefined)?.connection;
  return {
    fetch: (...args) => globalThis.fetch(...args),
    EventSource: globalThis.EventSource,
    XMLHttpRequest: globalThis.XMLHttpRequest,
    location: globalThis.location?.href ?? 'http://localhost/',
    online: () => globalThis.navigator?.onLine !== false,
    flaky: () => /^(slow-2g|2g|3g)$/.test(connection?.effectiveType ?? '') || connection?.saveData === true,
    onAwake(f) {
      const shown = () => globalThis.document?.visibilityState !== 'hidden' && f();
      const names = ['visibilitychange', 'pageshow', 'online'];
      for (const name of names) globalThis.addEventListener?.(name, shown, true);
      return () => {
        for (const name of names) globalThis.removeEventListener?.(name, shown, true);
      };
    },
  };
}
