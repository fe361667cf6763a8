/**
 * Encrypts secrets of connections: AES-256-GCM.
 *
 * K1. The key is derived from HEADRACE_SECRET_KEY by HKDF-SHA256 for this purpose alone: another use of it reveals nothing of this one.
 * K2. The connection's id is authenticated with the ciphertext, which is refused in another connection's place.
 * K3. New secrets are under the current key. Those under previous keys can still be read, until they have been encrypted anew.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { SealedSecret } from '@headrace/ports';
import { SecretKeyMissingError, SecretUnreadableError } from './errors.ts';

export interface Keyring {
  /** Of the key that is used for new secrets; undefined without one. */
  readonly currentId: string | undefined;
  /** Throws SecretKeyMissingError. */
  seal(connId: string, text: string): SealedSecret;
  /** Throws SecretKeyMissingError, SecretUnreadableError. */
  open(connId: string, sealed: SealedSecret): string;
}

interface Key {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Of the layout `format, nonce, ciphertext, tag`. */
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

export function createKeyring({ current, previous = [] }: { readonly current?: string; readonly previous?: readonly string[] }): Keyring {
  const first = current === undefined ? undefined : derive(current);
  const known = new Map([...(first === undefined ? [] : [first]), ...previous.map(derive)].map((key) => [key.id, key]));
  return {
    currentId: first?.id,
    seal(connId, text) {
      if (first === undefined) throw new SecretKeyMissingError();
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, first.bytes, nonce).setAAD(boundTo(connId));
      const bytes = Buffer.concat([Buffer.of(FORMAT), nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return { bytes: new Uint8Array(bytes), keyId: first.id };
    },
    open(connId, { bytes, keyId }) {
      const key = known.get(keyId);
      if (key === undefined) throw known.size === 0 ? new SecretKeyMissingError() : new SecretUnreadableError(connId, 'key');
      const text = Buffer.from(bytes);
      const nonceEnd = 1 + NONCE_BYTES;
      if (text[0] !== FORMAT || text.length < nonceEnd + TAG_BYTES) throw new SecretUnreadableError(connId, 'content');
      try {
        const decipher = createDecipheriv(CIPHER, key.bytes, text.subarray(1, nonceEnd), { authTagLength: TAG_BYTES })
          .setAAD(boundTo(connId))
          .setAuthTag(text.subarray(-TAG_BYTES));
        return Buffer.concat([decipher.update(text.subarray(nonceEnd, -TAG_BYTES)), decipher.final()]).toString('utf8');
      } catch {
        throw new SecretUnreadableError(connId, 'content');
      }
    },
  };
}

function boundTo(connId: string): Buffer {
  return Buffer.from(`headrace connection\0${connId}`);
}

function derive(secretKey: string): Key {
  const part = (purpose: string, length: number): Uint8Array => new Uint8Array(hkdfSync('sha256', secretKey, '', purpose, length));
  return { bytes: part('headrace/connections/1', 32), id: Buffer.from(part('headrace/connections/key-id', 8)).toString('hex') };
}
