/** Waits as the API shows them. */
import type { HitlDetail, Wait } from '@headrace/api-contract';
import { type InputForm, waitedFor } from '@headrace/core';
import type { TaskInstanceRecord, WaitRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull } from './date-times.ts';
import { fieldsOf, presentAnswer, shapeOf } from './form.ts';
import { presentTaskInstance } from './task-instance.ts';
import type { VersionBook } from './version-book.ts';

export function presentWait(wait: WaitRecord): Wait {
  return {
    id: wait.waitId,
    dag_id: wait.dagId,
    dag_run_id: wait.runId,
    task_id: wait.taskId,
    map_index: wait.mapIndex,
    try_number: wait.tryNumber,
    key: wait.key,
    kind: wait.condition.kind,
    waits_for: waitedFor(wait.condition),
    condition: { ...wait.condition },
    on_timeout: wait.onTimeout,
    entered_at: dateTime(wait.enteredAt),
    timeout_at: dateTimeOrNull(wait.timeoutAt),
    ended_at: dateTimeOrNull(wait.ended?.at),
    outcome: wait.ended?.outcome ?? null,
    ended_by: wait.ended?.user ?? null,
  };
}

/** A wait for a person's answer. */
export interface FormWait extends WaitRecord {
  readonly condition: { readonly kind: 'input'; readonly form: InputForm };
}

export function isFormWait(wait: WaitRecord): wait is FormWait {
  return wait.condition.kind === 'input';
}

export async function presentHitlDetail(wait: FormWait, task: TaskInstanceRecord, versions: VersionBook): Promise<HitlDetail> {
  const { form } = wait.condition;
  const { kind, options } = shapeOf(form.schema);
  const { ended } = wait;
  const answered = ended?.outcome === 'met' && ended.json !== undefined ? presentAnswer(form.schema, JSON.parse(ended.json)) : undefined;
  return {
    options: [...options],
    subject: form.subject,
    body: form.body ?? null,
    defaults: form.default === undefined ? null : [...presentAnswer(form.schema, form.default).chosen],
    multiple: kind === 'choices',
    params: fieldsOf(form),
    params_input: answered?.input ?? {},
    assigned_users: form.assignees.map((name) => ({ id: name, name })),
    created_at: dateTime(wait.enteredAt),
    responded_by_user: answered === undefined || ended?.user === undefined ? null : { id: ended.user, name: ended.user },
    responded_at: answered === undefined ? null : dateTimeOrNull(ended?.at),
    chosen_options: answered === undefined ? null : [...answered.chosen],
    response_received: answered !== undefined,
    schema: { ...form.schema },
    key: wait.key,
    timeout_at: dateTimeOrNull(wait.timeoutAt),
    task_instance: await presentTaskInstance(task, versions),
  };
}
