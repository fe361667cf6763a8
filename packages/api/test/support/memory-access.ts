/** Users in memory, and passwords that cost nothing. */
import { createPasswords } from '@headrace/access';
import { createMemoryStore } from '@headrace/testing';
import type { AccessDeps, AccessSettings } from '../../src/index.ts';

export const CHEAP = { ln: 4, r: 1, p: 1 };
const MINUTE = 60_000;

const SETTINGS: AccessSettings = {
  sessionIdleMs: 60 * MINUTE,
  sessionMs: 12 * 60 * MINUTE,
  tokenMs: 24 * 60 * MINUTE,
  corsOrigins: [],
  trustProxy: [],
};

export function accessInMemory(settings: Partial<AccessSettings> = {}, now: () => number = Date.now): AccessDeps {
  const { access: store } = createMemoryStore({ now });
  return { store, passwords: createPasswords(CHEAP), now, settings: { ...SETTINGS, ...settings } };
}

/** The same, and a way to begin anew: building an API takes longer than a test. */
export function restartableAccess(settings: Partial<AccessSettings> = {}) {
  let now = 0;
  let current = accessInMemory(settings, () => now);
  const access: AccessDeps = {
    ...current,
    now: () => now,
    store: new Proxy(current.store, { get: (_, name) => Reflect.get(current.store, name) }),
  };
  return {
    access,
    /** Nobody is known, and it is this time. */
    begin(at: number): void {
      now = at;
      current = accessInMemory(settings, () => now);
    },
    pass(ms: number): void {
      now += ms;
    },
  };
}
