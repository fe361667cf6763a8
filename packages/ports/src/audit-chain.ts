/**
 * The chain of the audit log, as whoever reads it can check: each entry has the SHA-256 of the hash before it, its id and its text.
 *
 * A changed, inserted, removed or reordered entry breaks it. What it cannot tell by itself is that all of it was made anew: for that, keep
 * a head (id and hash) elsewhere and give it as `known`.
 */
import { createHash } from 'node:crypto';
import type { AuditChain, AuditEntry, AuditRecord } from './audit-store.ts';

/** Of what stands before the first entry. */
export const FIRST_HASH = '0'.repeat(64);
/** What is written when older entries are removed; its parameters name the last of them and its hash. */
export const FORGET_AUDIT = 'forget_audit';

/** The same text for the same entry: fields in the order of their names, no field without a value. What no text can hold is replaced. */
export function auditText(entry: AuditEntry): string {
  return JSON.stringify(entry, (_, value: unknown) => {
    if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** In hexadecimal. */
export function auditHash(before: string, id: string, text: string): string {
  return createHash('sha256').update(`${before} ${id} ${text}`).digest('hex');
}

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: Place }
  | { readonly ok: false; readonly entries: number; readonly id: string; readonly wrong: string };

/** An entry and its hash. */
export interface Place {
  readonly id: string;
  readonly hash: string;
}

/**
 * Takes entries in the order of their ids and says what is wrong with the first that does not fit. Entries are looked at in a stream: any
 * number.
 */
export class ChainCheck {
  readonly #anchor: Place;
  readonly #known: Place | undefined;
  #before: Place;
  #entries = 0;
  #isAttested: boolean;
  #isKnownSeen = false;
  #wrong: { readonly id: string; readonly wrong: string } | undefined;

  /**
   * @param anchor what stands before the first entry.
   * @param known an entry that somebody has noted elsewhere.
   */
  constructor(anchor: Place = { id: '0', hash: FIRST_HASH }, known?: Place) {
    this.#anchor = anchor;
    this.#known = known;
    this.#before = anchor;
    this.#isAttested = anchor.id === '0';
    this.#see(anchor);
  }

  /** Begins with an entry whose own hash is taken on trust, unless it is the first of all: of an export, whose beginning may have gone. */
  static from(first: AuditRecord, known?: Place): ChainCheck {
    if (first.id === '1') {
      const whole = new ChainCheck(undefined, known);
      whole.push(first);
      return whole;
    }
    const check = new ChainCheck({ id: first.id, hash: first.hash }, known);
    check.#isAttested = true;
    check.#entries = 1;
    return check;
  }

  push({ id, hash, text }: AuditRecord): void {
    if (this.#wrong !== undefined) return;
    this.#entries++;
    const wrong = this.#wrongWith(id, hash, text);
    if (wrong !== undefined) {
      this.#say(id, wrong);
      return;
    }
    this.#before = { id, hash };
    this.#see(this.#before);
    // A forged anchor would have to be told of by an entry in the chain.
    if (!this.#isAttested) this.#isAttested = tellsOf(text, this.#anchor);
  }

  /** @param chain where the store says that it ends. */
  end(chain?: Pick<AuditChain, 'headId' | 'headHash'>): AuditVerdict {
    const { id, hash } = this.#before;
    if (this.#wrong === undefined && chain !== undefined && (chain.headId !== id || chain.headHash !== hash))
      this.#say(chain.headId, `is where the log ended, but the last entry is ${id}: entries at its end are missing or were changed`);
    if (this.#wrong === undefined && !this.#isAttested)
      this.#say(this.#anchor.id, 'is where removed entries ended, but no entry tells of their removal');
    const known = this.#known;
    if (this.#wrong === undefined && known !== undefined && !this.#isKnownSeen && BigInt(known.id) >= BigInt(this.#anchor.id))
      this.#say(known.id, 'is not the entry that was noted: the log was made anew');
    if (this.#wrong !== undefined) return { ok: false, entries: this.#entries, ...this.#wrong };
    return { ok: true, entries: this.#entries, head: this.#before };
  }

  #wrongWith(id: string, hash: string, text: string): string | undefined {
    const expected = String(BigInt(this.#before.id) + 1n);
    if (id !== expected) return `comes after ${this.#before.id}: ${expected} is missing or out of order`;
    if (hash === auditHash(this.#before.hash, id, text)) return undefined;
    return 'does not fit its hash: it, or the one before it, was changed';
  }

  #see({ id, hash }: Place): void {
    if (id === this.#known?.id && hash === this.#known.hash) this.#isKnownSeen = true;
  }

  #say(id: string, wrong: string): void {
    this.#wrong ??= { id, wrong: `Entry ${id} ${wrong}` };
  }
}

function tellsOf(text: string, { id, hash }: Place): boolean {
  if (!text.includes(FORGET_AUDIT)) return false;
  const { action, parameters } = JSON.parse(text) as AuditEntry;
  return action === FORGET_AUDIT && parameters?.through === id && parameters.hash === hash;
}
