/** As the engine's duty is called. */
export const BACKFILL_DUTY = 'backfill';
