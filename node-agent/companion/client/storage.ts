// Browsers that block third-party cookies, as private windows do, refuse storage to a frame of another site: reading
// `localStorage` throws. JupyterLab then takes its workspace for one that another window has, and reloads itself without end. So
// such a page is lent a storage that lasts as long as the page does. Where there is a real one, nothing is changed.

class LentStorage implements Storage {
  readonly #items = new Map<string, string>();
  readonly [name: string]: unknown;

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(String(key)) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(String(key), String(value));
  }

  removeItem(key: string): void {
    this.#items.delete(String(key));
  }

  clear(): void {
    this.#items.clear();
  }
}

function lendStorage(): void {
  // In a tab of its own it is the reader's wish that a page keeps nothing.
  if (window.parent === window) return;
  for (const name of ['localStorage', 'sessionStorage'] as const)
    try {
      window[name].getItem('');
    } catch {
      Object.defineProperty(window, name, { value: new LentStorage(), configurable: true });
    }
}
