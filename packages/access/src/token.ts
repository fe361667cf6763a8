/**
 * Tokens: 256 random bits that say of which kind they are and whether they were mistyped.
 *
 * TK1. The prefix is part of what is hashed: a token of one kind is never good for another.
 * TK2. Stored is the SHA-256 of the whole token. With 256 random bits there is nothing to guess, so no slow hash is needed.
 * TK3. `hr_[0-9A-Za-z]{49}` is an API key for scanners of secrets: its last six characters are the CRC-32 of what is before them.
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type TokenKind = 'apiKey' | 'bearer' | 'session' | 'firstLink';

const PREFIXES: Readonly<Record<TokenKind, string>> = { apiKey: 'hr_', bearer: 'hrb_', session: 'hrs_', firstLink: 'hrf_' };
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_BYTES = 32;
/** What 256 bits take in 62 digits. */
const SECRET_LENGTH = 43;
const CHECK_LENGTH = 6;
const HINT_LENGTH = 4;
const FORM = new RegExp(`^(hr[bsf]?_)[0-9A-Za-z]{${SECRET_LENGTH + CHECK_LENGTH}}$`);

export interface IssuedToken {
  /** Shown once, kept nowhere. */
  readonly token: string;
  readonly hash: string;
  /** Its last characters, to tell it from others. */
  readonly hint: string;
}

export function issueToken(kind: TokenKind): IssuedToken {
  const body = PREFIXES[kind] + inDigits(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH);
  const token = body + checkOf(body);
  return { token, hash: hashOf(token), hint: token.slice(-HINT_LENGTH) };
}

/** Undefined: it has not the form of a token of ours, or is mistyped. */
export function readToken(text: string): { readonly kind: TokenKind; readonly hash: string } | undefined {
  const prefix = FORM.exec(text)?.[1];
  const kind = (Object.keys(PREFIXES) as TokenKind[]).find((one) => PREFIXES[one] === prefix);
  if (kind === undefined || checkOf(text.slice(0, -CHECK_LENGTH)) !== text.slice(-CHECK_LENGTH)) return undefined;
  return { kind, hash: hashOf(text) };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function checkOf(body: string): string {
  return inDigits(BigInt(crc32(body)), CHECK_LENGTH);
}

function inDigits(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = DIGITS[Number(rest % 62n)] + text;
  return text;
}
