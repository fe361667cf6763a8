/** Workers as members: their slots count while their lease lasts. */
import type { WorkerRegistration } from '@headrace/ports';
import type { Queryable } from '../database.ts';

const REGISTER = `
  insert into worker as w (worker_id, hostname, pid, queues, slots, heartbeat_at, lease_until)
  values ($1, $2, $3, $4, $5, now(), now() + $6::bigint * interval '1 millisecond')
  on conflict (worker_id) do update
  set hostname = excluded.hostname, pid = excluded.pid, queues = excluded.queues, slots = excluded.slots,
    heartbeat_at = excluded.heartbeat_at, lease_until = excluded.lease_until`;

export async function registerWorker(db: Queryable, worker: WorkerRegistration, ttlMs: number): Promise<void> {
  const { workerId, hostname, pid, queues, slots } = worker;
  await db.query({ name: 'register worker', text: REGISTER, values: [workerId, hostname, pid, queues, slots, ttlMs] });
}

export async function unregisterWorker(db: Queryable, workerId: string): Promise<void> {
  await db.query('delete from worker where worker_id = $1', [workerId]);
}
