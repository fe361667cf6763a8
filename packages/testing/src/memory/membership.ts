/**
 * Schedulers as members, and the shards of runs that they share: a shard has one living owner at most, and each member holds
 * no more than its fair share. Who has more gives away, who has less takes.
 */
import type { MemoryDatabase } from './database.ts';
import { SHARDS } from './database.ts';

export function heartbeat(db: MemoryDatabase, schedulerId: string, ttlMs: number): readonly number[] {
  const now = db.now();
  db.schedulers.put(schedulerId, { schedulerId, heartbeatAt: now, leaseUntil: now + ttlMs });
  const alive = new Set<string>();
  for (const row of db.schedulers.rows()) if (row.leaseUntil > now) alive.add(row.schedulerId);
  const share = Math.ceil(SHARDS / Math.max(1, alive.size));
  const shards = [...db.shards.rows()].sort((a, b) => a.shard - b.shard);
  const mine = shards.filter((row) => row.schedulerId === schedulerId);
  const free = shards.filter(({ schedulerId: owner }) => owner === undefined || !alive.has(owner));
  const kept = mine.slice(0, share);
  const taken = free.filter((row) => !mine.includes(row)).slice(0, Math.max(0, share - mine.length));
  for (const { shard } of mine.slice(share)) db.shards.change(String(shard), { schedulerId: undefined });
  for (const { shard } of taken) db.shards.change(String(shard), { schedulerId });
  return [...kept, ...taken].map((row) => row.shard).sort((a, b) => a - b);
}

export function leave(db: MemoryDatabase, schedulerId: string): void {
  db.schedulers.delete(schedulerId);
  for (const { shard, schedulerId: owner } of [...db.shards.rows()]) {
    if (owner === schedulerId) db.shards.change(String(shard), { schedulerId: undefined });
  }
}

/** Removes what has been dead for so long. Answers with how many. */
export function forgetDead(db: MemoryDatabase, deadForMs: number): number {
  const before = db.now() - deadForMs;
  const workers = [...db.workers.rows()].filter((row) => row.leaseUntil < before);
  const schedulers = [...db.schedulers.rows()].filter((row) => row.leaseUntil < before);
  for (const { workerId } of workers) db.workers.delete(workerId);
  for (const { schedulerId } of schedulers) db.schedulers.delete(schedulerId);
  return workers.length + schedulers.length;
}
