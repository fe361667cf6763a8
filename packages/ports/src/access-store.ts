/**
 * Who may come in, and what was granted to whom.
 *
 * AC1. No secret is kept: of a password its hash, of a token the SHA-256 of all of it.
 * AC2. What ends a credential (expiry, revocation, an inactive or deleted user) counts from the next question on: nothing is remembered.
 * AC3. Times are given by the caller, so that every store agrees with its process about what has expired.
 */
import type { Instant } from '@headrace/core';
import type { Listed, Page } from './page.ts';

export type Role = 'viewer' | 'user' | 'op' | 'admin';
export const ROLES: readonly Role[] = ['viewer', 'user', 'op', 'admin'];

/** `read`: sees. `operate`: triggers, pauses, cancels, clears. `edit`: changes what DAGs work with. `administer`: changes who may what. Each has those before it. */
export type Action = 'read' | 'operate' | 'edit' | 'administer';
export const ACTIONS: readonly Action[] = ['read', 'operate', 'edit', 'administer'];

/** Of what there are grants for single objects. What belongs to a DAG (runs, logs, backfills, notices, loads) goes with it. */
export type GrantedKind = 'dag' | 'asset' | 'connection';
export const GRANTED_KINDS: readonly GrantedKind[] = ['dag', 'asset', 'connection'];

export interface UserRecord {
  readonly userId: string;
  readonly name: string;
  readonly displayName?: string;
  readonly email?: string;
  readonly roles: readonly Role[];
  /** As its identity provider names them. */
  readonly groups: readonly string[];
  readonly active: boolean;
  /** Absent: one of this Headrace. */
  readonly identity?: Identity;
  readonly hasPassword: boolean;
  readonly createdAt: Instant;
  readonly lastLoginAt?: Instant;
}

/** By which an identity provider knows somebody for ever. Never the e-mail address, which may pass to another. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export interface NewUser {
  readonly name: string;
  readonly displayName?: string;
  readonly email?: string;
  readonly roles: readonly Role[];
  readonly passwordHash?: string;
}

/** Undefined leaves a field, null takes it away. */
export interface UserChange {
  readonly displayName?: string | null;
  readonly email?: string | null;
  readonly roles?: readonly Role[];
  /** False also ends its sessions. */
  readonly active?: boolean;
  /** A new one ends its sessions, but the one with this hash. */
  readonly passwordHash?: string;
  readonly keepSession?: string;
}

/** What an identity provider says of somebody who comes in. */
export interface IdentityProfile extends Identity {
  /** The name wished for. Taken by somebody else: `otherName` is taken. */
  readonly name: string;
  readonly otherName: string;
  readonly displayName?: string;
  readonly email?: string;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
}

/** `cookie`: a browser's. `bearer`: the answer of /auth/token. */
export type SessionKind = 'cookie' | 'bearer';

export interface NewSession {
  readonly tokenHash: string;
  readonly kind: SessionKind;
  readonly userId: string;
  readonly createdAt: Instant;
  /** Whatever happens. */
  readonly expiresAt: Instant;
  /** Unused for so long it ends. */
  readonly idleMs: number;
  readonly address?: string;
  readonly client?: string;
}

export interface SessionRecord extends Omit<NewSession, 'tokenHash'> {
  readonly sessionId: string;
  readonly usedAt: Instant;
}

/** What a key may at most; its owner's own rights bound it too. */
export interface KeyScope {
  readonly action: Action;
  /** A kind of object, or `*`: all of them. */
  readonly object: string;
  /** A glob of ids, of objects of which there are grants. */
  readonly pattern: string;
}

export interface NewKey {
  readonly tokenHash: string;
  readonly name: string;
  readonly userId: string;
  /** The last characters, by which people tell keys apart. */
  readonly hint: string;
  readonly scopes: readonly KeyScope[];
  readonly createdAt: Instant;
  /** Absent: it does not expire. */
  readonly expiresAt?: Instant;
}

export interface KeyRecord extends Omit<NewKey, 'tokenHash'> {
  readonly keyId: string;
  readonly userName: string;
  readonly usedAt?: Instant;
  readonly revokedAt?: Instant;
}

/** To whom: a user by its id; a role or a group by its name. */
export type GrantSubject =
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'role'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string };

export interface NewGrant {
  readonly subject: GrantSubject;
  readonly action: Action;
  readonly object: GrantedKind;
  /** An id, or a glob of ids. */
  readonly pattern: string;
  readonly createdAt: Instant;
  /** Who granted it. */
  readonly createdBy?: string;
}

export interface GrantRecord extends NewGrant {
  readonly grantId: string;
  /** Of a user's. */
  readonly userName?: string;
}

/** Somebody with what was granted to them, to their roles and to their groups. */
export interface Bearer {
  readonly user: UserRecord;
  readonly grants: readonly Pick<GrantRecord, 'action' | 'object' | 'pattern'>[];
}

export interface AccessStore {
  /** Order: `id`, `name`, `created_at`. */
  users(filter: { readonly namePattern?: string }, page: Page): Promise<Listed<UserRecord>>;
  user(by: { readonly userId: string } | { readonly name: string }): Promise<UserRecord | undefined>;
  anyUser(): Promise<boolean>;
  /** Names differ in more than case. Rejects with UserExistsError. */
  createUser(user: NewUser, now: Instant): Promise<UserRecord>;
  /** Rejects with UserNotFoundError. */
  changeUser(userId: string, change: UserChange): Promise<UserRecord>;
  /** With its sessions, keys and grants. Rejects with UserNotFoundError. */
  deleteUser(userId: string): Promise<void>;
  /** For checking a password: of an active user of this Headrace. */
  passwordOf(name: string): Promise<{ readonly userId: string; readonly hash: string } | undefined>;
  /** The same password, hashed anew: ends no session. False: it was changed meanwhile. */
  rehash(userId: string, before: string, after: string): Promise<boolean>;
  /** The user of this identity, made or brought up to date. Inactive ones stay so. */
  comeIn(profile: IdentityProfile, now: Instant): Promise<UserRecord>;

  /** Also notes the login, and removes what has expired of the user's. Rejects with UserNotFoundError. */
  openSession(session: NewSession): Promise<void>;
  /** An open session of an active user; it counts as used. */
  useSession(tokenHash: string, kind: SessionKind, now: Instant): Promise<(Bearer & { readonly session: SessionRecord }) | undefined>;
  endSession(tokenHash: string): Promise<boolean>;
  /** Answers with how many. */
  endSessionsOf(userId: string): Promise<number>;
  sessionsOf(userId: string, now: Instant): Promise<readonly SessionRecord[]>;

  /** Rejects with UserNotFoundError, KeyExistsError. */
  createKey(key: NewKey): Promise<KeyRecord>;
  /** Order: `id`, `name`, `created_at`, `expires_at`, `last_used_at`. */
  keys(filter: { readonly userId?: string }, page: Page): Promise<Listed<KeyRecord>>;
  key(keyId: string): Promise<KeyRecord | undefined>;
  /** A key that is neither expired nor revoked, of an active user; it counts as used. */
  useKey(tokenHash: string, now: Instant): Promise<(Bearer & { readonly key: KeyRecord }) | undefined>;
  /** False: there is none, or it was revoked before. */
  revokeKey(keyId: string, now: Instant): Promise<boolean>;

  /** The same one again changes nothing. Rejects with UserNotFoundError. */
  addGrant(grant: NewGrant): Promise<GrantRecord>;
  /** Order: `id`. */
  grants(filter: { readonly userId?: string; readonly object?: GrantedKind }, page: Page): Promise<Listed<GrantRecord>>;
  removeGrant(grantId: string): Promise<boolean>;

  /**
   * Counts a try against each of these, unless one is held back: then nothing is counted. Answers with how long to wait, 0: go on.
   * A count is forgotten when nothing was counted for `forgetMs`.
   */
  countTry(keys: readonly TryLimit[], now: Instant, forgetMs: number): Promise<number>;
  /** It was no failure after all: what is counted against this one is forgotten. */
  forgiveTries(key: string): Promise<void>;

  /** Replaces all links that there are. */
  saveFirstLink(tokenHash: string, expiresAt: Instant): Promise<void>;
  hasFirstLink(tokenHash: string, now: Instant): Promise<boolean>;
  /** Uses up the link and makes the first user; undefined: the link is not valid, or there is a user already. */
  createFirstUser(tokenHash: string, user: NewUser, now: Instant): Promise<UserRecord | undefined>;

  /** Removes what has expired, and counts of tries that are forgotten. Answers with how many rows. */
  sweepAccess(now: Instant): Promise<number>;
}

/** After `free` tries the next waits `firstMs`, the one after it twice as long, and so on to `mostMs`. */
export interface TryLimit {
  readonly key: string;
  readonly free: number;
  readonly firstMs: number;
  readonly mostMs: number;
}

/** How long the try after this many is held back. */
export function heldBackMs({ free, firstMs, mostMs }: Omit<TryLimit, 'key'>, tries: number): number {
  return tries < free ? 0 : Math.min(mostMs, firstMs * 2 ** Math.min(40, tries - free));
}

export class UserNotFoundError extends Error {
  readonly code = 'HR_USER_NOT_FOUND';
  constructor(user: string) {
    super(`There is no user "${user}"`);
    this.name = 'UserNotFoundError';
  }
}

export class UserExistsError extends Error {
  readonly code = 'HR_USER_EXISTS';
  constructor(name: string) {
    super(`There is a user "${name}" already: choose another name, or change that one`);
    this.name = 'UserExistsError';
  }
}

export class KeyExistsError extends Error {
  readonly code = 'HR_KEY_EXISTS';
  constructor(name: string) {
    super(`There is a key "${name}" of this user already: revoke it, or give the new one another name`);
    this.name = 'KeyExistsError';
  }
}
