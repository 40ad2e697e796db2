// Which image sandboxes are made from: a newer one is taken, and given up when it does not start.

/** So many starts in a row that fail speak against the image; one may be the host's bad moment. */
const FAILURES = 3;

export class ImageRollout {
  #current = '';
  /** What a sandbox was last seen to start from: where to go back to. */
  #proven: string | undefined;
  #failures = 0;
  /** Given up; offered again, it is still the same. */
  readonly #rejected = new Set<string>();

  get current(): string {
    return this.#current;
  }

  /** The newest there is. @returns whether it is another than before, and was not given up already */
  offer(image: string): boolean {
    if (image === this.#current || this.#rejected.has(image)) return false;
    this.#current = image;
    this.#failures = 0;
    return true;
  }

  started(image: string): void {
    this.#proven = image;
    if (image === this.#current) this.#failures = 0;
  }

  /** @returns the image that is given up, when that was its last chance and there is one to go back to */
  failed(image: string): string | undefined {
    if (image !== this.#current || this.#proven === undefined || this.#proven === image) return undefined;
    this.#failures += 1;
    if (this.#failures < FAILURES) return undefined;
    this.#rejected.add(image);
    this.#current = this.#proven;
    return image;
  }
}
