/** Who is told of what becomes of runs and tasks. */
import type { NoticeTarget } from '@headrace/core';
import type { NoticeHook } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { checkId } from '../ids.ts';

/** Made by `notify.…`. */
export interface Notifier {
  readonly target: NoticeTarget;
  /** Of a `code` target. */
  readonly hook?: NoticeHook;
}

export type Notifiers = Notifier | readonly Notifier[];

export interface EmailOptions {
  readonly to: string | readonly string[];
  /** The connection to the mail server. Default `smtp`. */
  readonly connection?: string;
}

/** The ways to tell somebody: `onFailure: notify.webhook('alerts')`. Notices are delivered at least once. */
export const notify = {
  /** POSTs JSON to the connection's URL. Throws HR_BAD_ID. */
  webhook(connection: string): Notifier {
    checkId('connection', connection);
    return { target: { kind: 'webhook', connection } };
  },

  /** Sends an e-mail. Throws HR_BAD_ID, HR_BAD_OPTION for an address without `@`. */
  email({ to, connection = 'smtp' }: EmailOptions): Notifier {
    checkId('connection', connection);
    const addresses = [...new Set(typeof to === 'string' ? [to] : to)].sort();
    const wrong = addresses.find((address) => typeof address !== 'string' || !/^[^\s@]+@[^\s@]+$/.test(address));
    if (addresses.length === 0 || wrong !== undefined)
      throw new DagDefinitionError('HR_BAD_OPTION', `notify.email: ${shown(wrong ?? [])} is no e-mail address`);
    return { target: { kind: 'email', connection, to: addresses } };
  },

  /** Calls a function of this file in a task process. `name` is how the notice is shown; it is unique in the DAG. Throws HR_BAD_ID, HR_BAD_OPTION. */
  run(name: string, hook: NoticeHook): Notifier {
    checkId('function for notices', name);
    if (typeof hook !== 'function') throw new DagDefinitionError('HR_BAD_OPTION', `notify.run("${name}"): ${shown(hook)} is no function`);
    return { target: { kind: 'code', hook: name }, hook };
  },
} as const;

/** Checks notifiers, wherever they are given. Throws HR_BAD_OPTION. */
export function notifierList(where: string, notifiers: Notifiers | undefined): readonly Notifier[] {
  const list = notifiers === undefined ? [] : Array.isArray(notifiers) ? (notifiers as readonly Notifier[]) : [notifiers as Notifier];
  for (const each of list) {
    if (typeof each !== 'object' || each === null || typeof each.target?.kind !== 'string')
      throw new DagDefinitionError(
        'HR_BAD_OPTION',
        `${where}: ${shown(each)} tells nobody; use notify.webhook, notify.email or notify.run`,
      );
  }
  return list;
}
