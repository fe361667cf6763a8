/** Which server a URL means. */
import type { Log } from '@headrace/ports';
import type { Backend } from './backend.ts';
import { postgresBackend } from './postgres-backend.ts';
import { redisBackend } from './redis-backend.ts';

export interface BackendOptions {
  /** `redis://`, `rediss://`, `postgres://` or `postgresql://`. */
  readonly url: string;
  /** Keeps several installations apart in one server. Default `headrace`. */
  readonly prefix?: string;
  readonly log: Log;
}

/** Throws QueueUrlError. Connects to nothing. */
export function backendFor(options: BackendOptions): Backend {
  const scheme = URL.canParse(options.url) ? new URL(options.url).protocol : '';
  switch (scheme) {
    case 'redis:':
    case 'rediss:':
      return redisBackend(options.url, options.prefix ?? 'headrace', options.log);
    case 'postgres:':
    case 'postgresql:':
      return postgresBackend(options.url, options.prefix ?? 'headrace', options.log);
    default:
      throw new QueueUrlError(scheme);
  }
}

export class QueueUrlError extends Error {
  readonly code = 'HR_QUEUE_URL';
  constructor(scheme: string) {
    super(
      `The queue's URL ${scheme === '' ? 'is not a URL' : `begins with "${scheme}"`}: use redis://, rediss:// or postgres://, ` +
        'for example redis://127.0.0.1:6379',
    );
    this.name = 'QueueUrlError';
  }
}
