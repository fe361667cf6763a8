/**
 * `context.wait`: what a task waits for without holding a slot.
 *
 * S1. A wait that has not ended ends the attempt: it throws `Suspended`, which nobody but the task process may catch. The task is run
 *     again from its beginning when the wait has ended, and finds what it waited for.
 * S2. A task waits for the same things in the same order each time it is run; a wait that is another than the one recorded in its place
 *     fails the attempt.
 * S3. What is over within a second, and what the process can look at itself, ends in the attempt; it is recorded with the next wait, so
 *     that a later replay does not look again.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Instant, Wait, WaitCondition } from '@headrace/core';
import type { EndedWait } from '@headrace/ports';
import type { AssetEvent, InputRequest, WaitApi, WaitOptions } from '@headrace/sdk';
import { durationMs, jsonSchemaOf, SkipTask } from '@headrace/sdk/runtime';
import {
  AnswerRefusedError,
  WaitChangedError,
  WaitedForFailedError,
  WaitSwallowedError,
  WaitTimeoutError,
  WaitUsageError,
} from '../errors.ts';
import type { Ending, RunOrder, SentAssetEvent } from '../protocol.ts';
import { decodeValue, encodeValue } from '../values.ts';
import { type AttemptTime, storeTime } from './store-time.ts';

/** A shorter wait stays in the process: another attempt would take about as long. */
const SHORT_MS = 1_000;
const DEFAULT_EVERY_MS = 60_000;
/** Of what one wait gives. */
const MOST_RESULT_BYTES = 65_536;
const LONGEST_KEY = 200;
/** The key of the wait for a run that the task itself had made. */
const TRIGGERED = 'triggered';
const WEBHOOK_PATH = '/headrace/v1/waits/';

/** Thrown by a wait that has not ended. Not for user code. */
export class Suspended extends Error {
  readonly code = 'HR_SUSPENDED';
  constructor(key: string) {
    super(`The task waits now (wait "${key}"): let this error pass, it must not be caught`);
    this.name = 'Suspended';
  }
}

/** Beyond which no wait of the task may last, and what becomes of the task then. */
export interface WaitLimit {
  readonly at: Instant;
  readonly onTimeout: 'fail' | 'skip';
}

interface Suspension {
  readonly error: Suspended;
  readonly wait: Wait;
  readonly lookAt?: Instant;
}

interface EndedHere extends Omit<EndedWait, 'json'> {
  readonly json?: () => string | undefined;
}

export class TaskWaits implements WaitApi {
  readonly #order: Pick<RunOrder, 'taskId' | 'waits' | 'openWait' | 'aheadMs'>;
  readonly #signal: AbortSignal;
  readonly #clock: AttemptTime;
  readonly #announce: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly #limit: WaitLimit | undefined;
  readonly #keys = new Set<string>();
  readonly #endedHere: EndedHere[] = [];
  #suspension: Suspension | undefined;

  constructor(
    order: Pick<RunOrder, 'taskId' | 'waits' | 'openWait' | 'aheadMs'>,
    { signal, time }: { readonly signal: AbortSignal; readonly time: AttemptTime },
    announce: (message: string, fields: Readonly<Record<string, unknown>>) => void,
    limit?: WaitLimit,
  ) {
    this.#order = order;
    this.#signal = signal;
    this.#clock = time;
    this.#announce = announce;
    this.#limit = limit;
  }

  async for(duration: number | string, options: Pick<WaitOptions, 'key'> = {}): Promise<void> {
    await this.#time(storeTime(this.#order, this.#clock) + milliseconds('wait.for', duration), options);
  }

  async until(time: Date | string | number, options: Pick<WaitOptions, 'key'> = {}): Promise<void> {
    await this.#time(instant(time), options);
  }

  async asset(
    asset: string | { readonly name: string },
    options: WaitOptions & { readonly partition?: string; readonly since?: Date } = {},
  ): Promise<AssetEvent> {
    const { partition, since } = options;
    const condition: WaitCondition = {
      kind: 'asset',
      name: typeof asset === 'string' ? asset : asset.name,
      ...(partition === undefined ? {} : { partition }),
      ...(since === undefined ? {} : { since: instant(since) }),
    };
    const ended = this.#enter(condition, options) ?? this.#suspend(condition, options);
    // With `continue`, a wait that was given up answers undefined, which its caller asked for.
    if (ended.json === undefined) return undefined as never;
    return assetEvent(JSON.parse(ended.json) as SentAssetEvent);
  }

  async run(
    run: { readonly dagId: string; readonly taskId?: string } & ({ readonly runId: string } | { readonly logicalDate: Date }),
    options: WaitOptions & { readonly states?: readonly string[]; readonly failOn?: readonly string[] } = {},
  ): Promise<string> {
    const { dagId, taskId } = run;
    const states = (options.states ?? ['success']) as readonly RunWait['states'][number][];
    const usual = taskId === undefined ? ['failed'] : ['failed', 'upstream_failed', 'removed'];
    const failOn = (options.failOn ?? usual.filter((state) => !(states as readonly string[]).includes(state))) as RunWait['failOn'];
    const condition: RunWait = {
      kind: 'run',
      dagId,
      run: 'runId' in run ? { runId: run.runId } : { logicalDate: instant(run.logicalDate) },
      ...(taskId === undefined ? {} : { taskId }),
      states,
      failOn,
    };
    const ended = this.#enter(condition, options) ?? this.#suspend(condition, options);
    const state = ended.json === undefined ? undefined : (JSON.parse(ended.json) as string);
    if (ended.outcome === 'failed') throw new WaitedForFailedError(nameOf(condition), state ?? 'unknown');
    return state as never;
  }

  async webhook(options: WaitOptions & { readonly announce?: (path: string) => unknown } = {}): Promise<unknown> {
    const condition: WaitCondition = { kind: 'webhook' };
    const ended = this.#enter(condition, options);
    if (ended !== undefined) return ended.json === undefined ? undefined : JSON.parse(ended.json);
    const token = randomBytes(32).toString('base64url');
    const path = `${WEBHOOK_PATH}${token}`;
    if (options.announce === undefined) this.#announce('the task waits for a call', { method: 'POST', path });
    else await options.announce(path);
    return this.#suspend(condition, options, { tokenHash: createHash('sha256').update(token).digest('hex') });
  }

  async input<Answer>(form: InputRequest<Answer>, options: WaitOptions = {}): Promise<Answer> {
    const { subject, body, schema, assignees = [] } = form;
    const condition: WaitCondition = {
      kind: 'input',
      form: {
        subject,
        ...(body === undefined ? {} : { body }),
        schema: jsonSchemaOf(schema) ?? {},
        ...(form.default === undefined ? {} : { default: form.default }),
        assignees,
      },
    };
    const ended = this.#enter(condition, options);
    if (ended === undefined) {
      if (form.default !== undefined) await validated(form, form.default, 'The default of the form');
      return this.#suspend(condition, options);
    }
    if (ended.json === undefined) return form.default as Answer;
    return validated(form, JSON.parse(ended.json), 'The answer to the form');
  }

  async poll<Found>(
    look: () => Promise<Found | undefined | false> | Found | undefined | false,
    options: WaitOptions & { readonly every?: number | string } = {},
  ): Promise<Found> {
    const everyMs = options.every === undefined ? DEFAULT_EVERY_MS : milliseconds('wait.poll every', options.every);
    const condition: WaitCondition = { kind: 'poll', everyMs };
    const ended = this.#enter(condition, options);
    if (ended !== undefined) return decodeValue(ended.json) as Found;
    const key = this.#lastKey();
    const { openWait } = this.#order;
    const wait = openWait?.key === key ? { ...openWait, condition } : this.#wait(condition, options);
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== false) {
        const json = () => encodeValue(found, `what wait "${key}" found`, MOST_RESULT_BYTES);
        this.#endedHere.push({ key, condition, outcome: 'met', json });
        return found;
      }
      const now = storeTime(this.#order, this.#clock);
      if (wait.timeoutAt !== undefined && now >= wait.timeoutAt) return this.#giveUp(wait);
      const lookAt = Math.min(now + everyMs, wait.timeoutAt ?? Number.POSITIVE_INFINITY);
      if (lookAt - now > SHORT_MS) throw this.#throwable({ wait, lookAt });
      await this.#clock.sleep(lookAt - now, this.#signal);
    }
  }

  /** How the attempt ended, when it ended because of a wait; undefined: it did not. `thrown` is what came out of the task. */
  ending(thrown: unknown): Ending | undefined {
    if (this.#suspension === undefined) return undefined;
    const { error, wait, lookAt } = this.#suspension;
    if (thrown !== error) throw new WaitSwallowedError(this.#order.taskId, wait.key, thrown);
    const endedWaits = this.ended();
    return {
      outcome: 'waiting',
      wait,
      ...(lookAt === undefined ? {} : { lookAt }),
      ...(endedWaits.length === 0 ? {} : { endedWaits }),
    };
  }

  /**
   * For a task that asks for a run of another DAG and waits for it: the run's id, if that wait has ended; undefined: the run is yet to
   * be made. Throws WaitedForFailedError.
   */
  triggered(): string | undefined {
    const recorded = this.#order.waits?.[this.#keys.size];
    if (recorded?.key !== TRIGGERED || recorded.condition.kind !== 'run') return undefined;
    const { condition, outcome, json } = recorded;
    if (outcome === 'failed') throw new WaitedForFailedError(nameOf(condition), json === undefined ? 'unknown' : String(JSON.parse(json)));
    return 'runId' in condition.run ? condition.run.runId : undefined;
  }

  /** Waits that ended in this attempt. */
  ended(): readonly EndedWait[] {
    return this.#endedHere.map(({ json: toJson, ...ended }) => {
      const json = toJson?.();
      return json === undefined ? ended : { ...ended, json };
    });
  }

  async #time(at: Instant, options: Pick<WaitOptions, 'key'>): Promise<void> {
    const condition: WaitCondition = { kind: 'time', at };
    if (this.#enter(condition, options) !== undefined) return;
    const left = at - storeTime(this.#order, this.#clock);
    if (left > SHORT_MS) this.#suspend(condition, options);
    if (left > 0) await this.#clock.sleep(left, this.#signal);
    this.#endedHere.push({ key: this.#lastKey(), condition, outcome: 'met' });
  }

  /** The wait that was recorded in this place, if the task has been here before. */
  #enter(condition: WaitCondition, { key = String(this.#keys.size + 1) }: Pick<WaitOptions, 'key'>): EndedWait | undefined {
    // Several waits at once: the first has ended the attempt.
    if (this.#suspension !== undefined) throw this.#suspension.error;
    if (key.length > LONGEST_KEY || /\p{Cc}/u.test(key))
      throw new WaitUsageError(`A wait's key must be short text, not ${JSON.stringify(key.slice(0, LONGEST_KEY))}`);
    if (this.#keys.has(key)) throw new WaitUsageError(`Two waits of a task have the key "${key}"; each needs its own`);
    const recorded = this.#order.waits?.[this.#keys.size];
    this.#keys.add(key);
    if (recorded === undefined) return undefined;
    const before = `wait "${recorded.key}" for ${nameOf(recorded.condition)}`;
    const now = `wait "${key}" for ${nameOf(condition)}`;
    if (before !== now) throw new WaitChangedError(this.#order.taskId, before, now);
    return recorded;
  }

  #lastKey(): string {
    return [...this.#keys].at(-1) ?? '';
  }

  #suspend(condition: WaitCondition, options: WaitOptions, more: Pick<Wait, 'tokenHash'> = {}): never {
    throw this.#throwable({ wait: { ...this.#wait(condition, options), ...more } });
  }

  #throwable(suspension: Omit<Suspension, 'error'>): Suspended {
    const error = new Suspended(suspension.wait.key);
    this.#suspension ??= { ...suspension, error };
    return this.#suspension.error;
  }

  #wait(condition: WaitCondition, { timeout, onTimeout }: WaitOptions): Wait {
    const own = timeout === undefined ? undefined : storeTime(this.#order, this.#clock) + milliseconds('timeout of a wait', timeout);
    const limit = this.#limit;
    const limited = limit !== undefined && (own === undefined || limit.at < own);
    const timeoutAt = limited ? limit.at : own;
    return {
      key: this.#lastKey(),
      condition,
      ...(timeoutAt === undefined ? {} : { timeoutAt }),
      onTimeout: limited ? limit.onTimeout : (onTimeout ?? 'fail'),
    };
  }

  #giveUp({ key, condition, onTimeout }: Wait): never {
    if (onTimeout === 'skip') throw new SkipTask(`Wait "${key}" was given up at its timeout`);
    if (onTimeout === 'fail') throw new WaitTimeoutError(key, nameOf(condition));
    this.#endedHere.push({ key, condition, outcome: 'timeout' });
    return undefined as never;
  }
}

type RunWait = Extract<WaitCondition, { kind: 'run' }>;

/**
 * What is waited for, in words that stay the same when the task is run again. They are those of the core's `waitedFor`, which a task
 * process does not load.
 */
function nameOf(condition: WaitCondition): string {
  switch (condition.kind) {
    case 'time':
      return 'a time';
    case 'asset':
      return `an event of asset "${condition.name}"${condition.partition === undefined ? '' : `, partition "${condition.partition}"`}`;
    case 'run':
      return `a run of DAG "${condition.dagId}"${condition.taskId === undefined ? '' : `, task "${condition.taskId}"`}`;
    case 'webhook':
      return 'a call';
    case 'input':
      return `an answer to "${condition.form.subject}"`;
    case 'poll':
      return 'what it looks for itself';
  }
}

export function assetEvent({ asset, partition, extra, at }: SentAssetEvent): AssetEvent {
  return { asset, ...(partition === undefined ? {} : { partition }), extra, at: new Date(at) };
}

function milliseconds(what: string, duration: number | string): number {
  if (typeof duration === 'string') return durationMs(what, duration);
  if (Number.isFinite(duration) && duration >= 0) return Math.round(duration);
  throw new WaitUsageError(`${what}: ${duration} is not a number of milliseconds`);
}

function instant(time: Date | string | number): Instant {
  const named = typeof time !== 'string' || /^\d{4}-\d{2}-\d{2}$|(?:Z|[+-]\d{2}:?\d{2})$/i.test(time);
  const at = named ? new Date(time).getTime() : Number.NaN;
  if (Number.isSafeInteger(at)) return at;
  throw new WaitUsageError(
    `${String(time)} is not a time: give a Date, milliseconds since 1970, or ISO text with its zone, such as 2026-05-01T06:00:00Z`,
  );
}

async function validated<Answer>(form: InputRequest<Answer>, answer: unknown, what: string): Promise<Answer> {
  const result = await form.schema['~standard'].validate(answer);
  if (result.issues === undefined) return result.value;
  throw new AnswerRefusedError(`${what} "${form.subject}" is not valid: ${result.issues.map((issue) => issue.message).join('; ')}`);
}
