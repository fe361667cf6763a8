/**
 * Makes runs of the asset events that wait for somebody to look at them.
 *
 * News of events and of changed, or un-paused, DAGs call it. What it decides is the core's `consume`; that one scheduler does it, once, is
 * the store's affair.
 */
import { type ConsumptionPlan, consume, type EventTime, type QueuedEvent, triggeredInterval } from '@headrace/core';
import type { AssetStore, ConsumerPlan, Log, Metrics, WaitingConsumer } from '@headrace/ports';
import type { Duty } from './duty.ts';

export interface AssetDutyOptions {
  readonly store: Pick<AssetStore, 'triggerConsumers'>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Consumers taken in hand at once. Default 100. */
  readonly consumersAtOnce?: number;
}

const CONSUMERS_AT_ONCE = 100;
/** What another scheduler has in hand it will have done by then, or have died over. */
const PASSED_OVER_AGAIN_MS = 100;

export function createAssetDuty({ store, log, metrics, consumersAtOnce = CONSUMERS_AT_ONCE }: AssetDutyOptions): Duty {
  function plan(consumer: WaitingConsumer): ConsumerPlan {
    const { dagId, dag, assets, queued, held } = consumer;
    try {
      return planOf(consumer, consume(dag, assets, queued, held));
    } catch (error) {
      // One DAG that cannot be decided upon must not hold up the others; its events stay, and a new version of it is looked at again.
      log.error({ error, dagId }, 'what asset events lead to cannot be decided for this DAG');
      return { runs: [], ignored: [] };
    }
  }

  return {
    name: 'assets',
    concerns: (event) => event.type === 'dag',

    async perform(now) {
      const { created, released, looked, passedOver } = await store.triggerConsumers(consumersAtOnce, plan);
      if (created.length > 0) {
        metrics.count('headrace_runs_created_total', { run_type: 'asset_triggered' }, created.length);
        log.info({ runs: created.length }, 'asset events created runs');
      }
      if (released.length > 0) log.info({ runs: released.length }, 'asset events let held runs go on');
      if (looked > 0 && looked + passedOver >= consumersAtOnce) return { more: true };
      return passedOver > 0 ? { nextAt: now + PASSED_OVER_AGAIN_MS } : {};
    },
  };
}

function planOf({ dag }: WaitingConsumer, { runs, ignored }: ConsumptionPlan<QueuedEvent & EventTime>): ConsumerPlan {
  return {
    ignored: ignored.map((event) => event.eventId),
    runs: runs.map(({ events, partition, heldRun }) => ({
      eventIds: events.map((event) => event.eventId),
      interval: triggeredInterval(events, dag.partitions, partition),
      ...(partition === undefined ? {} : { partition }),
      ...(heldRun === undefined ? {} : { heldRun }),
    })),
  };
}
