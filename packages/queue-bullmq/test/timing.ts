/** Shorter than in production, so that waiting out a lock or an idle wait fits into a test. */
export const testTiming = { idleMs: 1_000, patienceMs: 50, lockMs: 3_000, stalledIntervalMs: 1_000 };

/** Longer than the three idle waits after which the watchdog suspects a reader. HEADRACE_TEST_OUTAGE_SECONDS=30 for the long run. */
export const outageMs = Number(process.env.HEADRACE_TEST_OUTAGE_SECONDS ?? '4') * 1_000;
