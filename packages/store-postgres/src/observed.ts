/** What an operation of the store costs and whether it works, as metrics. */
import type { Metrics } from '@headrace/ports';

export async function observed<T>(metrics: Metrics, operation: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } catch (error) {
    metrics.count('headrace_store_errors_total', { operation });
    throw error;
  } finally {
    metrics.observe('headrace_store_seconds', (performance.now() - began) / 1_000, { operation });
  }
}
