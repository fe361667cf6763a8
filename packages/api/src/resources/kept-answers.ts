/** Answers that several ask for at the same time: asked for once, and good for a moment. */

export class KeptAnswers<Answer> {
  readonly #goodForMs: number;
  readonly #now: () => number;
  readonly #answers = new Map<string, { readonly at: number; readonly answer: Promise<Answer> }>();

  constructor(goodForMs: number, now: () => number = () => performance.now()) {
    this.#goodForMs = goodForMs;
    this.#now = now;
  }

  /** An answer of less than so long ago, or a new one. Failures are told to all who wait for it, and not kept. */
  get(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    const at = this.#now();
    for (const [known, { at: then }] of this.#answers) if (at - then >= this.#goodForMs) this.#answers.delete(known);
    const kept = this.#answers.get(key);
    if (kept !== undefined) return kept.answer;
    const answer = ask();
    this.#answers.set(key, { at, answer });
    answer.catch(() => this.#answers.delete(key));
    return answer;
  }
}
