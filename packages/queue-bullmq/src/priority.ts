/**
 * Priorities. Ours: any integer, higher first. BullMQ's: 1 to 2,097,151, lower first, and 0 ("none") before all of them.
 * 0 is never used, because it would jump the queue; 0 of ours sits in the middle.
 */
const middle = 1_048_576;
const reach = middle - 1;

/** Priorities beyond ±1,048,575 count as that. */
export function bullPriority(priority: number): number {
  return middle - Math.max(-reach, Math.min(reach, Math.round(priority)));
}
