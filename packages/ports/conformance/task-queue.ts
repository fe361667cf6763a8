/**
 * What every TaskQueue and TaskConsumer must do, whatever carries the messages.
 * The caller hands in its test functions and a harness that can also hurt the queue: wipe it, lose a message, cut it off.
 */
import type { Dispatch, TaskConsumer, TaskMessage, TaskQueue } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll' | 'afterEach'>;

export interface TaskQueueHarness {
  /** A sender. It shares messages with the consumers that have the same space. */
  queue(space: string): TaskQueue;
  /** A consumer that looks at an empty queue at least once a second and gives up the messages of a dead worker within a few. */
  consumer(space: string, workerId: string): TaskConsumer;
  /** Puts a message into the queue that no TaskQueue sent. */
  forge(space: string, queue: string, id: string, data: unknown): Promise<void>;
  /** Removes one waiting message behind the queue's back. */
  lose(space: string, message: Dispatch): Promise<void>;
  /** Removes everything from the server, handled, waiting or in handlers. */
  wipe(): Promise<void>;
  /** Makes the server unreachable and cuts existing connections. What it held may be lost. The answer makes it reachable again. */
  cut(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface TaskQueueConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<TaskQueueHarness>;
  readonly outageMs: number;
}

export function taskQueueConformance(jest: TestFunctions, { name, open, outageMs }: TaskQueueConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll, afterEach } = jest;

  describe(`${name} is a task queue`, () => {
    let harness: TaskQueueHarness;
    let openThings: (TaskQueue | TaskConsumer)[] = [];

    beforeAll(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await Promise.all(openThings.map((thing) => thing.close()));
      openThings = [];
    });
    afterAll(() => harness?.close());

    function setUp() {
      const space = `space-${crypto.randomUUID()}`;
      const queue = harness.queue(space);
      openThings.push(queue);
      return {
        space,
        queue,
        consumer(workerId = 'worker-1') {
          const consumer = harness.consumer(space, workerId);
          openThings.push(consumer);
          return consumer;
        },
      };
    }

    test('delivers each message once, with the queue it was sent to', async () => {
      const { queue, consumer } = setUp();
      const sent = [...messages(300, 'extract'), ...messages(200, 'load')];
      const received: Dispatch[] = [];
      await consumer().start(['extract', 'load'], 20, async (message, from) => {
        received.push({ ...message, queue: from, priority: 0 });
      });
      await queue.send(sent);
      await eventually(() => received.length >= sent.length);
      expect(sorted(received)).toEqual(sorted(sent));
      await eventually(async () => (await queue.missing(sent)).length === sent.length);
      expect(received).toHaveLength(sent.length);
    });

    test('hands out higher priorities first, and equal ones in the order sent', async () => {
      const { queue, consumer } = setUp();
      const priorities = [0, 5, -3, 5, 1_000_000, 0, -1_000_000];
      const sent = priorities.map((priority) => ({ ...message('default'), priority }));
      await queue.send(sent);
      const received: string[] = [];
      await consumer().start(['default'], 1, async ({ attemptId }) => {
        received.push(attemptId);
      });
      await eventually(() => received.length === sent.length);
      const expected = [...sent].sort((a, b) => b.priority - a.priority).map(({ attemptId }) => attemptId);
      expect(received).toEqual(expected);
    });

    test('shares queues among consumers, and gives a consumer only what it asked for', async () => {
      const { queue, consumer } = setUp();
      const received = new Map<string, string[]>([
        ['all', []],
        ['loads', []],
      ]);
      const note = (worker: string) => async (one: TaskMessage, from: string) => {
        received.get(worker)?.push(`${from} ${one.attemptId}`);
      };
      await consumer('all').start(['extract', 'load'], 5, note('all'));
      await consumer('loads').start(['load'], 5, note('loads'));
      const sent = [...messages(100, 'extract'), ...messages(100, 'load')];
      await queue.send(sent);
      await eventually(() => [...received.values()].flat().length >= sent.length);
      expect([...received.values()].flat().sort()).toEqual(sent.map((one) => `${one.queue} ${one.attemptId}`).sort());
      expect(received.get('loads')?.every((one) => one.startsWith('load '))).toBe(true);
    });

    test.each(['a:b', 'müller & söhne', '{curly}', '7', 'with space', "quote'd"])('takes the queue name %j', async (name) => {
      const { queue, consumer } = setUp();
      const received: string[] = [];
      await consumer().start([name], 1, async ({ attemptId }, from) => {
        received.push(`${from} ${attemptId}`);
      });
      const sent = message(name);
      await queue.send([sent]);
      await eventually(() => received.length > 0);
      expect(received).toEqual([`${name} ${sent.attemptId}`]);
    });

    test('never runs more handlers than the concurrency, over all queues together, and follows its changes', async () => {
      const { queue, consumer } = setUp();
      const running = gate();
      const one = consumer();
      await one.start(['extract', 'load'], 3, running.handler);
      await queue.send([...messages(20, 'extract'), ...messages(20, 'load')]);
      await eventually(() => running.inside === 3);
      one.setConcurrency(5);
      await eventually(() => running.inside === 5);
      one.setConcurrency(2);
      running.letOut(3);
      await eventually(() => running.inside === 2);
      running.letOut(5);
      await eventually(() => running.finished === 8 && running.inside === 2);
      running.openForGood();
      await eventually(() => running.finished === 40);
      expect(running.most).toBe(5);
    });

    test('a full queue does not starve another one', async () => {
      const { queue, consumer } = setUp();
      const order: string[] = [];
      await queue.send(messages(200, 'full'));
      await consumer().start(['full', 'small'], 1, async (_, from) => {
        await sleep(5);
        order.push(from);
      });
      await eventually(() => order.length > 0);
      await queue.send(messages(5, 'small'));
      await eventually(() => order.length === 205);
      expect(order.slice(0, 200).filter((from) => from === 'small')).toHaveLength(5);
    });

    test('a busy consumer holds nothing back that an idle one could run', async () => {
      const { queue, consumer } = setUp();
      const busy = gate();
      await consumer('busy').start(['extract', 'load'], 1, busy.handler);
      await queue.send([message('extract')]);
      await eventually(() => busy.inside === 1);
      const received: string[] = [];
      await consumer('idle').start(['load'], 1, async ({ attemptId }) => {
        received.push(attemptId);
      });
      for (let round = 1; round <= 5; round++) {
        await queue.send([message('load')]);
        await eventually(() => received.length === round);
      }
      busy.openForGood();
    });

    test('what a handler passes on goes to whoever has a place, and is not missing', async () => {
      const { queue, consumer } = setUp();
      const sent = message('default');
      const held = gate();
      const first = consumer('first');
      await first.start(['default'], 1, async (given, _queue, passOn) => {
        await held.handler(given);
        first.setConcurrency(0);
        passOn();
      });
      await queue.send([sent]);
      await eventually(() => held.inside === 1);
      const received: string[] = [];
      await consumer('second').start(['default'], 1, async ({ attemptId }) => {
        received.push(attemptId);
      });
      expect(await queue.missing([sent])).toEqual([]);
      held.openForGood();
      await eventually(() => received.length === 1);
      expect(received).toEqual([sent.attemptId]);
      await eventually(async () => (await queue.missing([sent])).length === 1);
    });

    test('missing names what was lost, and not what waits or is being handled', async () => {
      const { space, queue, consumer } = setUp();
      const running = gate();
      const inHandler = message('extract');
      const [waiting, lost] = messages(2, 'load') as [Dispatch, Dispatch];
      await consumer().start(['extract'], 1, running.handler);
      await queue.send([inHandler, waiting, lost]);
      await eventually(() => running.inside === 1);
      await harness.lose(space, lost);
      expect(await queue.missing([inHandler, waiting, lost])).toEqual([lost]);
      const neverSent = message('load');
      expect(await queue.missing([neverSent])).toEqual([neverSent]);
      expect(await queue.missing([])).toEqual([]);
      running.openForGood();
      await eventually(async () => (await queue.missing([inHandler])).length === 1);
    });

    test('counts what waits', async () => {
      const { queue } = setUp();
      await queue.send([...messages(3, 'extract'), ...messages(2, 'load')]);
      expect(await queue.depth(['extract', 'load', 'none'])).toEqual(
        new Map([
          ['extract', 3],
          ['load', 2],
          ['none', 0],
        ]),
      );
    });

    test('after a wipe, what is sent again under a new sequence arrives, and handlers in flight end', async () => {
      const { queue, consumer } = setUp();
      const running = gate();
      const sent = messages(50, 'default');
      await consumer().start(['default'], 5, running.handler);
      await queue.send(sent);
      await eventually(() => running.inside === 5);
      await harness.wipe();
      await eventually(async () => (await queue.missing(sent)).length === sent.length);
      running.openForGood();
      await eventually(() => running.finished === 5);
      const again = sent.map((one) => ({ ...one, sequence: one.sequence + 1 }));
      await queue.send(again);
      await eventually(() => running.finished === 55);
      expect(new Set(running.received.map(({ attemptId }) => attemptId)).size).toBe(50);
    });

    test('a new sequence always arrives, whatever became of the one before', async () => {
      const { queue, consumer } = setUp();
      const received: number[] = [];
      await consumer().start(['default'], 1, async ({ sequence }) => {
        received.push(sequence);
      });
      const first = message('default');
      for (let sequence = 1; sequence <= 5; sequence++) {
        await queue.send([{ ...first, sequence }]);
        await eventually(() => received.length === sequence);
      }
      expect(received).toEqual([1, 2, 3, 4, 5]);
    });

    test('a failing handler costs its own message and nothing else', async () => {
      const { queue, consumer } = setUp();
      const received: string[] = [];
      await consumer().start(['default'], 2, (one) => {
        received.push(one.attemptId);
        if (received.length % 2 === 0) throw new Error('not today');
        return received.length % 3 === 0 ? Promise.reject(new Error('nor tomorrow')) : Promise.resolve();
      });
      const sent = messages(30, 'default');
      await queue.send(sent);
      await eventually(async () => (await queue.missing(sent)).length === sent.length);
      expect(received.sort()).toEqual(sent.map(({ attemptId }) => attemptId).sort());
    });

    test('drain waits for the handlers in flight and leaves the rest to others', async () => {
      const { queue, consumer } = setUp();
      const running = gate();
      const sent = messages(10, 'default');
      const leaving = consumer('leaving');
      await leaving.start(['default'], 2, running.handler);
      await queue.send(sent);
      await eventually(() => running.inside === 2);
      let drained = false;
      const draining = leaving.drain().then(() => {
        drained = true;
      });
      await eventually(async () => (await queue.missing(sent)).length === 0);
      expect(drained).toBe(false);
      running.openForGood();
      await draining;
      expect(running.finished).toBe(2);
      expect(await queue.depth(['default'])).toEqual(new Map([['default', 8]]));

      const staying: TaskMessage[] = [];
      await consumer('staying').start(['default'], 2, async (one) => {
        staying.push(one);
      });
      await eventually(() => staying.length === 8);
      expect(new Set([...staying, ...running.received].map(({ attemptId }) => attemptId)).size).toBe(10);
    });

    test('what a dead worker had in hand is delivered again', async () => {
      const { queue, consumer } = setUp();
      const running = gate();
      const dying = consumer('dying');
      await dying.start(['default'], 1, running.handler);
      const sent = message('default');
      await queue.send([sent]);
      await eventually(() => running.inside === 1);
      await dying.close();
      const received: string[] = [];
      await consumer('heir').start(['default'], 1, async ({ attemptId }) => {
        received.push(attemptId);
      });
      await eventually(() => received.length > 0);
      expect(received).toEqual([sent.attemptId]);
      running.openForGood();
    });

    test('drops a message that nobody can have sent', async () => {
      const { space, queue, consumer } = setUp();
      const received: TaskMessage[] = [];
      await consumer().start(['default'], 1, async (one) => {
        received.push(one);
      });
      const good = message('default');
      await harness.forge(space, 'default', `${good.attemptId}-1-1`, good.taskInstanceId);
      await harness.forge(space, 'default', `${good.attemptId}-0`, good.taskInstanceId);
      await harness.forge(space, 'default', 'run-me', '1');
      await harness.forge(space, 'default', `${good.attemptId}-7`, { taskInstanceId: '1', code: 'process.exit()' });
      await harness.forge(space, 'default', `${good.attemptId}-8`, '1; drop table task_instance');
      await harness.forge(space, 'default', `${good.attemptId}-9`, null);
      await queue.send([good]);
      await eventually(() => received.length > 0);
      await eventually(async () => (await queue.depth(['default'])).get('default') === 0);
      expect(received).toEqual([{ taskInstanceId: good.taskInstanceId, attemptId: good.attemptId, sequence: good.sequence }]);
    });

    test('refuses to send what the other side would drop', async () => {
      const { queue } = setUp();
      const good = message('default');
      await expect(queue.send([{ ...good, attemptId: 'attempt-1' }])).rejects.toThrow(/attempt-1/);
      await expect(queue.send([{ ...good, queue: '' }])).rejects.toThrow(/queue/);
      expect(await queue.depth(['default'])).toEqual(new Map([['default', 0]]));
    });

    test(
      'an outage fails senders at once, and consumers resume after it',
      async () => {
        const { queue, consumer } = setUp();
        const received: string[] = [];
        await consumer().start(['extract', 'load'], 4, async ({ attemptId }) => {
          received.push(attemptId);
        });
        await queue.send([...messages(5, 'extract'), ...messages(5, 'load')]);
        await eventually(() => received.length === 10);

        const restore = await harness.cut();
        const before = performance.now();
        while (performance.now() - before < outageMs) {
          await expect(queue.send(messages(1, 'extract'))).rejects.toMatchObject({ code: 'HR_QUEUE_UNAVAILABLE' });
          await sleep(100);
        }
        await restore();

        const after = [...messages(5, 'extract'), ...messages(5, 'load')];
        await eventually(() =>
          queue.send(after).then(
            () => true,
            () => false,
          ),
        );
        await eventually(() => after.every(({ attemptId }) => received.includes(attemptId)));
      },
      60_000 + 2 * outageMs,
    );

    test(
      'everything closes while the server is away',
      async () => {
        const { queue, consumer } = setUp();
        const running = gate();
        const one = consumer();
        await one.start(['default'], 1, running.handler);
        await queue.send(messages(2, 'default'));
        await eventually(() => running.inside === 1);
        const restore = await harness.cut();
        try {
          await expect(queue.missing(messages(1, 'default'))).rejects.toMatchObject({ code: 'HR_QUEUE_UNAVAILABLE' });
          await expect(queue.depth(['default'])).rejects.toMatchObject({ code: 'HR_QUEUE_UNAVAILABLE' });
          await sleep(outageMs);
          running.openForGood();
          await one.drain();
          expect(running.finished).toBe(1);
          await one.close();
          await queue.close();
          await expect(queue.send(messages(1, 'default'))).rejects.toMatchObject({ code: 'HR_QUEUE_UNAVAILABLE' });
        } finally {
          await restore();
        }
      },
      30_000 + outageMs,
    );
  });
}

let instances = 0;

function message(queue: string): Dispatch {
  return { taskInstanceId: String(++instances), attemptId: crypto.randomUUID(), sequence: 1, queue, priority: 0 };
}

function messages(count: number, queue: string): Dispatch[] {
  return Array.from({ length: count }, () => message(queue));
}

function sorted(dispatches: readonly Dispatch[]): Dispatch[] {
  return [...dispatches].sort((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
}

/** A handler that stays inside until it is let out. */
function gate() {
  const waiting: (() => void)[] = [];
  let open = false;
  const state = {
    inside: 0,
    most: 0,
    finished: 0,
    received: [] as TaskMessage[],
    async handler(one: TaskMessage): Promise<void> {
      state.received.push(one);
      state.most = Math.max(state.most, ++state.inside);
      if (!open) await new Promise<void>((resolve) => waiting.push(resolve));
      state.inside--;
      state.finished++;
    },
    /** Lets out so many, each as soon as it is inside. */
    letOut(count: number): void {
      const next = waiting.shift();
      if (next !== undefined) next();
      if (next !== undefined && count > 1) state.letOut(count - 1);
      else if (next === undefined && count > 0) setTimeout(() => state.letOut(count), 5);
    },
    openForGood(): void {
      open = true;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
  return state;
}

/** Polls until the condition holds; the test's own timeout is not waited for, so that the failure names the line. */
async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('What the test waits for did not happen within 20 s');
    await sleep(10);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
