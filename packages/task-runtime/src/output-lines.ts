/**
 * Puts pieces of text together to lines. Of a line that is too long the beginning is given, and the rest of it dropped up to its end.
 *
 * The beginning is longer than the limit: whoever masks secrets must see one that lies across it whole before cutting.
 */
/** Longer than most secrets; of a longer one the masker drops what it cannot know. */
const BEYOND = 8_192;

export class OutputLines {
  readonly #limit: number;
  readonly #onLine: (text: string, isCut: boolean) => void;
  #held = '';
  #dropping = false;

  /** `limit` is in characters, of which ordinary text has as many as bytes. */
  constructor(limit: number, onLine: (text: string, isCut: boolean) => void) {
    this.#limit = limit;
    this.#onLine = onLine;
  }

  push(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#add(text.slice(start, end));
      this.#end();
      start = end + 1;
    }
    if (start < text.length) this.#add(text.slice(start));
  }

  /** Ends the last line, which may lack its line end. */
  flush(): void {
    if (this.#held !== '') this.#end();
    this.#dropping = false;
  }

  #add(text: string): void {
    if (this.#dropping) return;
    this.#held += text;
    if (this.#held.length <= this.#limit + BEYOND) return;
    this.#onLine(this.#held.slice(0, this.#limit + BEYOND), true);
    this.#held = '';
    this.#dropping = true;
  }

  #end(): void {
    if (!this.#dropping) this.#onLine(this.#held.endsWith('\r') ? this.#held.slice(0, -1) : this.#held, false);
    this.#held = '';
    this.#dropping = false;
  }
}
