/**
 * Passwords: scrypt with a salt of its own, and the parameters beside the hash.
 *
 * PA1. A hash says how it was made, so parameters can rise: the next login hashes anew.
 * PA2. A login takes the same work whether the user exists or not.
 * PA3. Only so many are worked on at once: logins cannot take all memory, nor all of libuv's threads.
 *
 * The default, N = 2^15, r = 8, p = 3 (32 MiB, about 0.1 s), is of OWASP's Password Storage Cheat Sheet.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

export interface PasswordCost {
  /** The base-2 logarithm of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

export const DEFAULT_COST: PasswordCost = { ln: 15, r: 8, p: 3 };

const SHORTEST = 12;
const LONGEST = 200;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const AT_ONCE = 2;
const STORED = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{1,200})\$([A-Za-z0-9+/]{1,200})$/;

export interface Passwords {
  /** As it is stored: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`. */
  hash(password: string): Promise<string>;
  /** `stored` undefined: there is no such user; as much work is done, and the answer is false. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** Made with parameters that are not ours any more. */
  isOutdated(stored: string): boolean;
}

/** What is wrong with a new password, after "must"; undefined: nothing. No rules about kinds of characters: they make passwords worse. */
export function passwordProblem(password: string, name: string): string | undefined {
  if (password.length < SHORTEST) return `have at least ${SHORTEST} characters`;
  if (password.length > LONGEST) return `have at most ${LONGEST} characters`;
  if (new Set(password).size < 5) return 'be less uniform';
  if (name.length >= 4 && password.toLowerCase().includes(name.toLowerCase())) return 'not hold the name of the user';
  return undefined;
}

export function createPasswords(cost: PasswordCost = DEFAULT_COST): Passwords {
  const turns = new Turns(AT_ONCE);
  const nobody = { cost, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
  return {
    hash: (password) => turns.take(() => hashWith(password, cost)),
    async verify(password, stored) {
      const known = stored === undefined ? nobody : parse(stored);
      if (known === undefined) return false;
      const derived = await turns.take(() => derive(password, known.salt, known.hash.length, known.cost));
      return timingSafeEqual(derived, known.hash) && stored !== undefined;
    },
    isOutdated(stored) {
      const known = parse(stored)?.cost;
      return known === undefined || known.ln !== cost.ln || known.r !== cost.r || known.p !== cost.p;
    },
  };
}

async function hashWith(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, cost);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(hash)}`;
}

function parse(stored: string): { readonly cost: PasswordCost; readonly salt: Buffer; readonly hash: Buffer } | undefined {
  const [, ln, r, p, salt, hash] = STORED.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  return {
    cost: { ln: Number(ln), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function derive(password: string, salt: Buffer, bytes: number, { ln, r, p }: PasswordCost): Promise<Buffer> {
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    // The same letter can be written in several ways: NFKC makes them one.
    scrypt(password.normalize('NFKC'), salt, bytes, { N, r, p, maxmem: 256 * N * r + 1024 * 1024 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

/** So many at once; the others wait in a row. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
