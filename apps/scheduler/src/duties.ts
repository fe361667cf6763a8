/** What a scheduler looks after besides runs. */
import type { Duty } from '@headrace/engine';

export function schedulerDuties(): readonly Duty[] {
  return [];
}
