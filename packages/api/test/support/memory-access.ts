/** Users in memory, and passwords that cost nothing. */
import { createPasswords } from '@headrace/access';
import { createMemoryStore } from '@headrace/testing';
import type { AccessDeps, AccessSettings } from '../../src/index.ts';

export const CHEAP = { ln: 4, r: 1, p: 1 };
const MINUTE = 60_000;

export const SETTINGS: AccessSettings = {
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
