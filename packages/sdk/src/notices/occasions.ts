/** Notices of tasks and runs, from `onSuccess: …` and its like to canonical form: one entry a target, whatever order it was written in. */
import type { NoticeTarget } from '@headrace/core';
import { type Notifier, type Notifiers, notifierList } from './notify.ts';

interface Notice<Occasion extends string> {
  readonly on: readonly Occasion[];
  readonly via: NoticeTarget;
}

/** `told`: who is told, by occasion, in the order in which occasions are always listed. `tell` makes a target known to the DAG. */
export function noticesOf<Occasion extends string>(
  where: string,
  told: readonly (readonly [Occasion, Notifiers | undefined])[],
  tell: (notifier: Notifier) => NoticeTarget,
): readonly Notice<Occasion>[] {
  const byTarget = new Map<string, { on: Occasion[]; via: NoticeTarget }>();
  for (const [occasion, notifiers] of told) {
    for (const notifier of notifierList(`${where}, on ${occasion}`, notifiers)) {
      const via = tell(notifier);
      const key = JSON.stringify(via);
      const notice = byTarget.get(key) ?? { on: [], via };
      if (!notice.on.includes(occasion)) notice.on.push(occasion);
      byTarget.set(key, notice);
    }
  }
  return [...byTarget].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, notice]) => notice);
}

/** Targets in canonical order. */
export function targetsOf(notifiers: readonly Notifier[], tell: (notifier: Notifier) => NoticeTarget): readonly NoticeTarget[] {
  const byText = new Map(notifiers.map((notifier) => [JSON.stringify(notifier.target), tell(notifier)]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target);
}
