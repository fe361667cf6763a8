import type { CatchupPolicy } from '@headrace/core';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';

/** `'off'`: only the newest missed interval. `'all'`: every one since `start`. `window`: those that ended less than that ago. */
export type Catchup = 'off' | 'all' | { readonly window: Duration };

/** Throws HR_BAD_OPTION, HR_BAD_DURATION. */
export function catchupPolicy(catchup: Catchup): CatchupPolicy {
  if (catchup === 'off' || catchup === 'all') return { kind: catchup };
  if (typeof catchup === 'object' && catchup !== null && 'window' in catchup)
    return { kind: 'window', windowMs: durationMs('catchup.window', catchup.window) };
  throw new DagDefinitionError('HR_BAD_OPTION', `catchup: ${shown(catchup)} is none of 'off', 'all', { window: '7 days' }`);
}
