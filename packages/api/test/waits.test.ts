import { createHash } from 'node:crypto';
import { ofRoles, Rights } from '@headrace/access';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { answerOf, presentAnswer, problemsOf, shapeOf } from '../src/answers/form.ts';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture, type Fixture } from './support/fixture.ts';

let fixture: Fixture;
let app: FastifyInstance;

beforeEach(async () => {
  fixture = createFixture();
  app = await buildApi(fixture.deps);
});

afterEach(() => app.close());

const get = (url: string) => app.inject({ url, headers: { authorization } });
const detail = '/api/v2/dags/sales/dagRuns/r1/taskInstances/extract/-1/hitlDetails';
const patch = (payload: object) => app.inject({ method: 'PATCH', url: detail, headers: { authorization }, payload });

describe('a webhook', () => {
  const token = 't'.repeat(43);
  const tokenHash = createHash('sha256').update(token).digest('hex');
  const call = (payload?: object) =>
    app.inject({ method: 'POST', url: `/headrace/v1/waits/${token}`, ...(payload === undefined ? {} : { payload }) });

  test('is called by who knows its address, once, and its body is what the task gets', async () => {
    fixture.waits.add({ kind: 'webhook' }, { tokenHash });
    expect((await call({ n: [1, 2] })).json()).toEqual({ outcome: 'met' });
    expect(fixture.waits.endings).toMatchObject([{ outcome: 'met', to: 'scheduled', json: '{"n":[1,2]}' }]);
    const again = await call({ n: 2 });
    expect(again.statusCode).toBe(409);
    expect(again.json()).toMatchObject({ code: 'HR_WAIT_ENDED', detail: expect.stringContaining('"extract"') });
  });

  test('that is called before its wait is stored is waited for a moment; an address that nobody gave out is not found', async () => {
    const calling = call({});
    setTimeout(() => fixture.waits.add({ kind: 'webhook' }, { tokenHash }), 150);
    expect((await calling).statusCode).toBe(200);
    const unknown = await app.inject({ method: 'POST', url: '/headrace/v1/waits/guessed', payload: {} });
    expect(unknown.json()).toMatchObject({ status: 404, code: 'HR_WAIT_NOT_FOUND' });
  });
});

describe('a form', () => {
  test('is shown with its fields, and answered by a person whose name is kept', async () => {
    const schema = {
      type: 'object',
      required: ['rows'],
      properties: { rows: { type: 'integer', minimum: 1, description: 'How many' }, ok: { type: 'boolean', default: true } },
    };
    fixture.waits.addForm({ schema, body: '**many**' });
    expect((await get(detail)).json()).toMatchObject({
      subject: 'Load it?',
      body: '**many**',
      options: ['OK'],
      multiple: false,
      params: { rows: { value: null, description: 'How many' }, ok: { value: true } },
      response_received: false,
      chosen_options: null,
      task_instance: { task_id: 'extract', dag_run_id: 'r1' },
    });
    const wrong = await patch({ chosen_options: ['OK'], params_input: { rows: 0 } });
    expect(wrong.json()).toMatchObject({
      code: 'HR_INVALID_REQUEST',
      errors: [{ field: 'body.params_input.rows', message: 'must be >= 1' }],
    });
    const answered = await patch({ chosen_options: ['OK'], params_input: { rows: 5 } });
    expect(answered.json()).toMatchObject({ responded_by: { id: 'admin' }, chosen_options: ['OK'], params_input: { rows: 5, ok: true } });
    expect(fixture.waits.endings).toMatchObject([{ json: '{"ok":true,"rows":5}', user: 'admin', to: 'scheduled' }]);
    expect((await patch({ chosen_options: ['OK'], params_input: { rows: 5 } })).json()).toMatchObject({ code: 'HR_WAIT_ENDED' });
    expect((await get(detail)).json()).toMatchObject({
      response_received: true,
      responded_by_user: { name: 'admin' },
      params_input: { rows: 5 },
    });
    expect((await get(`${detail}/tries/1`)).json()).toMatchObject({ response_received: true });
    expect((await get(`${detail}/tries/2`)).json()).toMatchObject({ code: 'HR_WAIT_NOT_FOUND' });
  });

  test('is for those to answer whom it names, and for administrators', async () => {
    fixture.waits.addForm({ schema: { type: 'boolean' }, assignees: ['ada'] });
    const as = async (name: string) => {
      const own = await buildApi({ ...fixture.deps, authenticate: async () => ({ name, rights: new Rights(ofRoles(['user'])) }) });
      const answer = await own.inject({ method: 'PATCH', url: detail, payload: { chosen_options: ['Approve'] } });
      await own.close();
      return answer.json();
    };
    expect(await as('bob')).toMatchObject({ status: 403, code: 'HR_FORBIDDEN', detail: expect.stringContaining('ada') });
    expect(fixture.waits.endings).toEqual([]);
    expect(await as('ada')).toMatchObject({ responded_by: { name: 'ada' }, chosen_options: ['Approve'] });
    fixture.waits.addForm({ schema: { type: 'boolean' }, assignees: ['ada'] });
    expect((await patch({ chosen_options: ['Reject'] })).json()).toMatchObject({ responded_by: { name: 'admin' } });
    expect(fixture.waits.endings.map(({ json, user }) => [json, user])).toEqual([
      ['true', 'ada'],
      ['false', 'admin'],
    ]);
  });

  test('that offers a choice takes what it offers', async () => {
    fixture.waits.addForm({ schema: { type: 'string', enum: ['load', 'drop'] }, default: 'drop' });
    expect((await get(detail)).json()).toMatchObject({ options: ['load', 'drop'], defaults: ['drop'] });
    expect((await patch({ chosen_options: ['sell'] })).json()).toMatchObject({
      code: 'HR_INVALID_REQUEST',
      errors: [{ message: expect.stringContaining('load, drop') }],
    });
    expect((await patch({ chosen_options: ['load'] })).json()).toMatchObject({ chosen_options: ['load'] });
    expect(fixture.waits.endings).toMatchObject([{ json: '"load"' }]);
  });

  test('has the shapes that Airflow has, there and back', () => {
    const cases = [
      [{ type: 'boolean' }, ['Approve'], {}, true],
      [{ type: 'boolean' }, ['Reject'], {}, false],
      [{ enum: ['a', 'b'] }, ['b'], {}, 'b'],
      [{ type: 'array', items: { enum: ['a', 'b', 'c'] } }, ['a', 'c'], {}, ['a', 'c']],
      [{ type: 'number' }, ['OK'], { value: 5 }, 5],
      [{ type: 'object', properties: { x: {} } }, ['OK'], { x: null }, { x: null }],
    ] as const;
    for (const [schema, chosen, input, answer] of cases) {
      expect(answerOf(schema, chosen, input)).toEqual(answer);
      expect(presentAnswer(schema, answer)).toEqual({ chosen, input });
      expect(problemsOf(schema, answer)).toEqual([]);
      expect(chosen.every((option) => shapeOf(schema).options.includes(option))).toBe(true);
    }
    expect(problemsOf({ type: 'number' }, undefined)).toHaveLength(1);
  });
});

describe('lists', () => {
  test('show what waits, and forms apart', async () => {
    fixture.waits.add({ kind: 'asset', name: 'sales' }, { timeoutAt: Date.UTC(2024, 0, 3) });
    fixture.waits.addForm({});
    fixture.waits.add({ kind: 'time', at: 1 }, { ended: { at: 5, outcome: 'met' } });
    const waits = (await get('/headrace/v1/waits')).json();
    expect(waits).toMatchObject({
      total_entries: 2,
      waits: [
        { kind: 'input' },
        { kind: 'asset', waits_for: 'an event of asset "sales"', timeout_at: '2024-01-03T00:00:00.000Z', ended_at: null },
      ],
    });
    expect((await get('/headrace/v1/waits?open=false&kind=time')).json()).toMatchObject({ waits: [{ outcome: 'met', kind: 'time' }] });
    expect((await get('/headrace/v1/waits?token=x')).json()).toMatchObject({ code: 'HR_INVALID_REQUEST' });
    for (const url of [
      '/api/v2/dags/~/dagRuns/~/hitlDetails',
      '/api/v2/dags/sales/dagRuns/r1/hitlDetails?response_received=false&subject_search=load&created_at_gte=2020-01-01T00:00:00Z',
    ])
      expect((await get(url)).json()).toMatchObject({ total_entries: 1, hitl_details: [{ subject: 'Load it?', options: ['OK'] }] });
    expect((await get('/api/v2/dags/gone/dagRuns/r1/hitlDetails')).json()).toMatchObject({ code: 'HR_DAG_NOT_FOUND' });
  });
});
