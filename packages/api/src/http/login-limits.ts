/**
 * How often one may try to come in: of a user and of an address, counted in the database, so that all API processes count together.
 *
 * LL1. A try is counted before the password is looked at: many at once find no gap.
 * LL2. A name that nobody has is counted as one that somebody has: the answer does not tell them apart.
 * LL3. Rows are bounded: names and addresses fall into a fixed number of places.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { AccessStore } from '@headrace/ports';
import { ApiProblem } from './api-problem.ts';

const MINUTE_MS = 60_000;
const FORGET_MS = 60 * MINUTE_MS;
const OF_USER = { free: 5, firstMs: 1_000, mostMs: 5 * MINUTE_MS };
/** Many people may share one. */
const OF_ADDRESS = { free: 30, firstMs: 1_000, mostMs: 15 * MINUTE_MS };
const PLACES = 65_536;

export interface TryToComeIn {
  /** It was no failure. */
  succeeded(): Promise<void>;
}

/** Counts a try. `name`: of whom; absent where a token proves it. Throws HR_TOO_MANY_TRIES; `retryAfter` is then called with seconds. */
export async function countTry(
  store: Pick<AccessStore, 'countTry' | 'forgiveTries'>,
  { name, address }: { readonly name?: string; readonly address: string },
  now: number,
  retryAfter: (seconds: number) => void,
): Promise<TryToComeIn> {
  const user = name === undefined ? undefined : `user ${placeOf(name.normalize('NFKC').toLowerCase())}`;
  const limits = [
    { ...OF_ADDRESS, key: `address ${placeOf(networkOf(address))}` },
    ...(user === undefined ? [] : [{ ...OF_USER, key: user }]),
  ];
  const wait = await store.countTry(limits, now, FORGET_MS);
  if (wait > 0) {
    const seconds = Math.ceil(wait / 1_000);
    retryAfter(seconds);
    throw new ApiProblem('HR_TOO_MANY_TRIES', `There were too many tries to come in: wait ${seconds} seconds`);
  }
  // The address stays counted: else an account of one's own would open it for guessing at others.
  return { succeeded: async () => (user === undefined ? undefined : store.forgiveTries(user)) };
}

function placeOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) % PLACES;
}

/** Of IPv6 the first 64 bits: that is what one customer has. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head.split(':').filter((group) => group !== '');
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter((group) => group !== '').length;
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')].slice(0, 4).join(':');
}
