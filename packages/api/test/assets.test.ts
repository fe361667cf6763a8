import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

describe('the API of assets', () => {
  let fixture: ReturnType<typeof createFixture>;
  let app: FastifyInstance;
  beforeEach(async () => {
    fixture = createFixture();
    app = await buildApi(fixture.deps);
  });
  afterEach(() => app.close());

  async function ask(url: string, options: InjectOptions = {}) {
    const answer = await app.inject({ url, ...options, headers: { authorization, ...options.headers } });
    return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
  }
  const v2 = (url: string, options?: InjectOptions) => ask(`/api/v2${url}`, options);
  const v1 = (url: string, options?: InjectOptions) => ask(`/headrace/v1${url}`, options);

  test('lists assets with who makes and who takes them, and shows one', async () => {
    const { body } = await v2('/assets?order_by=name&dag_ids=sales&name_pattern=rev');
    expect(body.total_entries).toBe(3);
    expect((await v2('/assets/4')).body).toEqual(body.assets[0]);
    expect(body.assets[0]).toMatchObject({
      id: 4,
      uri: 's3://lake/revenue',
      group: 'asset',
      scheduled_dags: [{ dag_id: 'report' }],
      producing_tasks: [{ dag_id: 'sales', task_id: 'transform' }],
      partitions: { kind: 'time', every: 'day' },
    });
    expect((await v2('/assets/99')).body).toMatchObject({ code: 'HR_ASSET_NOT_FOUND', status: 404 });
    expect((await v2('/assets/aliases')).body).toEqual({ asset_aliases: [], total_entries: 0 });
    expect((await v2('/assets/aliases/1')).status).toBe(404);
  });

  test('lists events with the runs that they made, also those that made a run', async () => {
    const { body } = await v2('/assets/events?asset_id=4&timestamp_gte=2024-01-01T00:00:00Z');
    expect(body.asset_events).toEqual([
      expect.objectContaining({
        id: 1,
        extra: { rows: 3 },
        source_task_id: 'transform',
        partition_key: '2024-01-01',
        created_dagruns: [expect.objectContaining({ run_id: 'r2', state: 'running' })],
      }),
    ]);
    expect((await v2('/dags/sales/dagRuns/r2/upstreamAssetEvents')).body).toEqual(body);
    expect((await v2('/dags/sales/dagRuns/r1/upstreamAssetEvents')).body.total_entries).toBe(0);
    expect((await v2('/dags/sales/dagRuns/nothing/upstreamAssetEvents')).status).toBe(404);
  });

  test('takes events, and says what is wrong with those it does not take', async () => {
    const post = (payload: object) => v2('/assets/events', { method: 'POST', payload });
    const taken = await post({ asset_id: 4, extra: { rows: 5 }, partition_key: '2024-01-02' });
    expect(taken.body).toMatchObject({ id: 2, extra: { rows: 5 }, source_task_id: null, source_map_index: -1, user_name: 'admin' });
    expect((await post({ asset_id: 99 })).body).toMatchObject({ code: 'HR_ASSET_NOT_FOUND' });
    const wrong = await post({ asset_id: 4, partition_key: '2024-01-32' });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'HR_INVALID_ASSET_EVENT']);
    expect(wrong.body.detail).toContain('such as "2026-11-21", but is "2024-01-32"');
    const large = await post({ asset_id: 4, extra: { text: 'x'.repeat(70_000) } });
    expect([large.status, large.body.code]).toEqual([422, 'HR_INVALID_ASSET_EVENT']);
    expect((await post({ asset_id: 4, extra: 3 })).body).toMatchObject({ code: 'HR_INVALID_REQUEST' });
  });

  test('materializes by a run of the DAG that makes the asset', async () => {
    const post = (id: number, payload: object) => v2(`/assets/${id}/materialize`, { method: 'POST', payload });
    const made = await post(4, { partition_key: '2024-01-02', note: 'again', conf: { day: 'x' } });
    expect(made.status).toBe(200);
    expect(fixture.triggered[0]).toMatchObject({
      dagId: 'sales',
      runType: 'asset_materialization',
      partitionKey: '2024-01-02',
      intervalStart: Date.UTC(2024, 0, 2),
      intervalEnd: Date.UTC(2024, 0, 3),
      params: { day: 'x' },
    });
    expect((await post(4, { partition_key: 'yesterday' })).body).toMatchObject({ code: 'HR_INVALID_ASSET_EVENT' });
    expect((await post(5, {})).body).toMatchObject({ code: 'HR_ASSET_NOT_PRODUCED', status: 404 });
    expect((await post(6, {})).body).toMatchObject({ code: 'HR_ASSET_PRODUCED_TWICE', status: 409 });
    fixture.change({ allowedRunTypes: ['manual'] });
    expect((await post(4, {})).body).toMatchObject({ code: 'HR_RUN_TYPE_NOT_ALLOWED' });
    fixture.change({ allowedRunTypes: ['asset_materialization'] });
    expect((await post(4, { dag_run_id: 'once_more' })).status).toBe(200);
  });

  test('shows and drops queued events, of a DAG, an asset or both', async () => {
    const { body } = await v2('/dags/sales/assets/queuedEvents');
    expect(body).toEqual({ queued_events: [expect.objectContaining({ dag_id: 'sales', asset_id: 4, event_count: 2 })], total_entries: 1 });
    expect((await v2('/assets/4/queuedEvents')).body).toEqual(body);
    expect((await v2('/dags/sales/assets/4/queuedEvents')).body).toEqual(body.queued_events[0]);
    expect((await v2('/assets/5/queuedEvents')).body).toMatchObject({ code: 'HR_QUEUED_EVENT_NOT_FOUND' });
    expect((await v2('/dags/none/assets/queuedEvents')).body).toMatchObject({ code: 'HR_DAG_NOT_FOUND' });
    expect((await v2('/assets/4/queuedEvents?before=2000-01-01T00:00:00Z', { method: 'DELETE' })).status).toBe(404);
    expect(await v2('/dags/sales/assets/4/queuedEvents', { method: 'DELETE' })).toEqual({ status: 204, body: undefined });
    expect((await v2('/dags/sales/assets/queuedEvents', { method: 'DELETE' })).status).toBe(404);
    expect((await v2('/assets/4/queuedEvents', { method: 'DELETE' })).status).toBe(404);
    expect((await v2('/dags/sales/assets/4/queuedEvents')).status).toBe(404);
  });

  test('shows what each partition is in', async () => {
    const { body } = await v1('/assets/revenue/partitions?from=2024-01-01T00:00:00Z&until=2024-01-04T00:00:00Z');
    expect(body).toMatchObject({ asset_id: 4, asset_name: 'revenue', total_entries: 3 });
    expect(body.partitions.map((one: { partition_key: string; state: string }) => [one.partition_key, one.state])).toEqual([
      ['2024-01-01', 'fresh'],
      ['2024-01-02', 'failed'],
      ['2024-01-03', 'missing'],
    ]);
    expect(body.partitions[0]).toMatchObject({ start: '2024-01-01T00:00:00.000Z', last_event: { id: 1, source_dag_id: 'sales' } });
    const newest = await v1('/assets/revenue/partitions?limit=2&until=2024-01-03T12:00:00Z');
    expect(newest.body.partitions.map((one: { partition_key: string }) => one.partition_key)).toEqual(['2024-01-02', '2024-01-03']);
    const one = await v1('/assets/revenue/partitions?partition_key=2024-01-02');
    expect(one.body.partitions).toEqual([
      expect.objectContaining({ state: 'failed', newest_run: expect.objectContaining({ dag_run_id: 'r1' }) }),
    ]);
    expect((await v1('/assets/revenue/partitions?partition_key=x')).body).toMatchObject({ code: 'HR_INVALID_REQUEST' });
    expect((await v1('/assets/plain/partitions')).body).toMatchObject({ code: 'HR_ASSET_NOT_PARTITIONED' });
    expect((await v1('/assets/nothing/partitions')).body).toMatchObject({ code: 'HR_ASSET_NOT_FOUND' });
  });

  test('adds and removes keys of dynamic partitions', async () => {
    const address = '/assets/customers%2Fall/partitions';
    expect((await v1(address)).body.partitions).toEqual([
      expect.objectContaining({ partition_key: 'acme', state: 'missing', start: null }),
    ]);
    const added = await v1(address, { method: 'POST', payload: { keys: ['zeta'] } });
    expect(added.body).toEqual({ dimension: '', keys: ['acme', 'zeta'], total_entries: 2 });
    expect((await v1(address, { method: 'POST', payload: { keys: ['a|b'] } })).body).toMatchObject({ code: 'HR_INVALID_REQUEST' });
    expect((await v1(address, { method: 'POST', payload: { keys: ['a'], dimension: 'shop' } })).body).toMatchObject({
      code: 'HR_INVALID_REQUEST',
    });
    expect((await v1('/assets/revenue/partitions', { method: 'POST', payload: { keys: ['a'] } })).body.detail).toContain(
      'no dynamic partitions',
    );
    expect((await v1(`${address}/acme`, { method: 'DELETE' })).status).toBe(204);
    expect((await v1(`${address}/acme`, { method: 'DELETE' })).body).toMatchObject({ code: 'HR_PARTITION_NOT_FOUND' });
  });
});
