/**
 * Delivers notices beside tasks: by webhook and mail from this process, by functions of DAG files in task processes.
 *
 * It is done by workers, not by schedulers: targets are slow and fail, workers have the connections and the task processes, and there
 * are as many of them as there is work (docs/adr/0013-workers-deliver-notices.md).
 */

import {
  type Channel,
  type ConnectionUrls,
  createEmailChannel,
  createWebhookChannel,
  type Deliverer,
  HookFailedError,
  NoPlaceError,
  startDeliverer,
} from '@headrace/notices';
import type { Log, Metrics, NoticeStore } from '@headrace/ports';
import { NotStartedError, type StopReason, type TaskPool } from '@headrace/task-runtime';
import type { BundleCache } from './bundle-cache.ts';

export interface NoticesOptions {
  readonly workerId: string;
  readonly store: NoticeStore;
  readonly connections: ConnectionUrls;
  /** Around what goes to an address of a connection: it may keep it out of some networks. */
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
  readonly bundles: Pick<BundleCache, 'get'>;
  readonly pool: Pick<TaskPool, 'runHook'>;
  readonly mask: (text: string) => string;
  /** Where lineage goes; absent: nowhere. */
  readonly lineage?: Channel;
  /** Notices in hand at once; default 8. */
  readonly concurrency?: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A function of a DAG file may be slow, and may have to wait for a task process before. */
const TIMEOUT_MS = 60_000;
const PLACE_WITHIN_MS = 15_000;
const HOOK_TIMEOUT_MS = TIMEOUT_MS - PLACE_WITHIN_MS - 5_000;

export function startNotices(options: NoticesOptions): Promise<Deliverer> {
  const { workerId, connections, guard } = options;
  const guarded = ({ deliver }: Channel): Channel => ({ deliver: (notice, signal) => guard(() => deliver(notice, signal)) });
  const channels = {
    webhook: guarded(createWebhookChannel({ connections })),
    email: guarded(createEmailChannel({ connections })),
    code: createHookChannel(options),
    ...(options.lineage === undefined ? {} : { lineage: options.lineage }),
  };
  return startDeliverer({ ...options, deliverer: workerId, channels, timeoutMs: TIMEOUT_MS });
}

function createHookChannel({ bundles, pool }: Pick<NoticesOptions, 'bundles' | 'pool'>): Channel {
  return {
    async deliver({ id, target, payload, versionId, attempt }, signal) {
      if (target.kind !== 'code') throw new TypeError(`Not a function: ${target.kind}`);
      if (versionId === undefined) throw new HookFailedError(target.hook, 'the notice does not say of which version of the DAG it is');
      const { hash, path } = await bundles.get(versionId);
      const stopping = new AbortController();
      const stop = (): void => stopping.abort('cancelled' satisfies StopReason);
      signal.addEventListener('abort', stop, { once: true });
      const request = {
        bundle: { hash, path },
        dagId: String(payload.dagId),
        hook: target.hook,
        notice: payload,
        noticeId: id,
        tryNumber: attempt,
        timeoutMs: HOOK_TIMEOUT_MS,
      };
      try {
        const { error, interrupted } = await pool.runHook(request, { signal: stopping.signal, startWithinMs: PLACE_WITHIN_MS });
        if (interrupted === true) throw new NoPlaceError('the worker stopped while its function ran');
        if (error !== undefined) throw new HookFailedError(target.hook, `${error.name}: ${error.message}`);
      } catch (error) {
        if (error instanceof NotStartedError) throw new NoPlaceError('no task process was free for its function');
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
