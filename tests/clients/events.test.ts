/** Changes of state as they are told: in order, once, to each what it may read, and never from an unbounded memory. */
import { createTypedClient, readEvents, type ServerEvent } from '@headrace/client';
import { silentLog } from '@headrace/ports';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type FastifyInstance, fastify } from 'fastify';
import { EventQueue } from '../../packages/api/src/events/event-queue.ts';
import { inScopeOf } from '../../packages/api/src/http/request-scope.ts';
import { compileValidator } from '../../packages/api/src/http/validation.ts';
import { eventRoutes } from '../../packages/api/src/resources/events.ts';
import { MemoryStates } from '../../packages/api/test/support/memory-states.ts';

let states: MemoryStates;
let app: FastifyInstance;
let url: string;
const readers: Reader[] = [];
beforeEach(async () => {
  states = new MemoryStates();
  // The routes alone: to make the whole API for each test would take longer than the tests.
  app = fastify({ forceCloseConnections: true });
  app.setValidatorCompiler(compileValidator);
  app.addHook('onRequest', (_request, _reply, done) => inScopeOf(undefined, done));
  await app.register(eventRoutes, { prefix: '/headrace/v1', deps: { stateChanges: states.deps, log: silentLog } } as never);
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.leave();
  await app.close();
});

interface Reader {
  /** The next event. */
  next(): Promise<ServerEvent>;
  leave(): void;
}

async function reader(query: { dag_id?: string[]; kind?: ('dag_run' | 'task_instance')[] } = {}, lastId?: string): Promise<Reader> {
  const leaving = new AbortController();
  const client = createTypedClient({ url });
  const response = await client.follow_events(
    { query, ...(lastId === undefined ? {} : { header: { 'last-event-id': lastId } }) },
    { signal: leaving.signal },
  );
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const events = readEvents(response);
  const made: Reader = {
    async next() {
      const { value } = await events.next();
      return value as ServerEvent;
    },
    leave: () => leaving.abort(),
  };
  readers.push(made);
  return made;
}

const told = ({ event, data }: ServerEvent): unknown => [event, data];

test('tells what differs from before, runs around their tasks, each state once', async () => {
  states.run('1', 'running');
  states.task('1', 'old', 'success');
  const all = await reader();
  expect((await all.next()).event).toBe('ready');
  states.run('2', 'running');
  states.task('2', 'a', 'running');
  states.task('2', 'b', 'none', 0);
  states.tell('2');
  expect(told(await all.next())).toEqual(['dag_run', { dag_id: 'sales', dag_run_id: 'run 2', run_type: 'manual', state: 'running' }]);
  const a = { dag_id: 'sales', dag_run_id: 'run 2', task_id: 'a', map_index: -1, try_number: 1, state: 'running' };
  expect(told(await all.next())).toEqual(['task_instance', a]);
  // A word about a run whose states are as they were tells nothing; and that a run has ended is seen without a word.
  states.tell('1', '2');
  states.task('2', 'a', 'success');
  states.run('2', 'success');
  expect(told(await all.next())).toEqual(['task_instance', { ...a, state: 'success' }]);
  expect(told(await all.next())).toEqual(['dag_run', { dag_id: 'sales', dag_run_id: 'run 2', run_type: 'manual', state: 'success' }]);
});

test('goes on after the last event that was seen, without a gap, and says so when it cannot', async () => {
  const first = await reader();
  await first.next();
  states.run('1', 'running');
  states.tell('1');
  const { id } = await first.next();
  first.leave();
  states.task('1', 'a', 'queued');
  states.task('1', 'b', 'queued');
  states.tell('1');
  const other = await reader();
  expect((await other.next()).event).toBe('ready');
  await expectEventually(async () => (await back(id)).length === 3);
  expect((await back(id)).map(({ event, data }) => [event, (data as { task_id?: string }).task_id])).toEqual([
    ['ready', undefined],
    ['task_instance', 'a'],
    ['task_instance', 'b'],
  ]);
  for (const wrong of ['nonsense', '00000000-3', `${id}9999`]) {
    expect((await (await reader({}, wrong)).next()).event).toBe('reset');
  }
});

/** What comes at once to who comes back. */
async function back(id: string | undefined): Promise<ServerEvent[]> {
  const again = await reader({}, id);
  const found = [await again.next()];
  for (;;) {
    const next = await Promise.race([again.next(), new Promise<undefined>((resolve) => setTimeout(resolve, 150, undefined))]);
    if (next === undefined) break;
    found.push(next);
  }
  again.leave();
  return found;
}

test('tells only of the DAGs and kinds that are asked for', async () => {
  const some = await reader({ dag_id: ['stock'], kind: ['dag_run'] });
  await some.next();
  states.run('1', 'running', 'sales');
  states.run('2', 'running', 'stock');
  states.task('2', 'a', 'queued');
  states.run('3', 'running', 'stock');
  states.tell('1', '2', '3');
  expect((await some.next()).data).toMatchObject({ dag_run_id: 'run 2' });
  expect((await some.next()).data).toMatchObject({ dag_run_id: 'run 3' });
});

test('many readers share one listener, and a lost connection resets them all', async () => {
  const many = await Promise.all(Array.from({ length: 20 }, () => reader()));
  await Promise.all(many.map((one) => one.next()));
  expect(states.listeners.size).toBe(1);
  const [listener] = states.listeners;
  listener?.onGap();
  for (const one of many) expect((await one.next()).event).toBe('reset');
  expect(states.listeners.size).toBe(1);
});

test('a reader that does not read loses what waits, and hears of it', async () => {
  const queue = new EventQueue(3);
  const event = (number: number) => ({ number, change: { kind: 'run', runKey: '1', run: {} } }) as never;
  for (let number = 1; number <= 5; number++) queue.push(event(number));
  const signal = new AbortController().signal;
  expect(await queue.take(1, signal)).toEqual([
    { type: 'reset', number: 4, reason: expect.stringContaining('More than 3') },
    { type: 'event', event: event(5) },
  ]);
  expect(await queue.take(1, signal)).toEqual([]);
});

async function expectEventually(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await holds())) if (performance.now() > end) throw new Error('it never did');
}
