/**
 * Signatures of webhooks, after Standard Webhooks (standardwebhooks.com): whoever has the secret can tell that a call is ours, fresh,
 * and not changed on the way.
 */
import { createHmac } from 'node:crypto';

/** `v1,<Base64 of the HMAC-SHA256 over id.timestamp.body>`. A secret that begins with `whsec_` is Base64, any other is taken as it is. */
export function signature(secret: string, id: string, timestampSeconds: number, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`;
}
