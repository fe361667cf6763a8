/**
 * Whether a process can take on work: whether what it needs can be reached.
 *
 * Probes come often and from several sides: what is needed is asked once at a time, and an answer is good for a moment. One that does
 * not come in time counts as no.
 */
export interface Readiness {
  readonly ready: boolean;
  /** By name: `ok`, or what is wrong in a word; never an address or a secret, for anybody may ask. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface ReadinessOptions {
  /** Resolves when it is there. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Milliseconds. Default 3,000. */
  readonly within?: number;
  /** For how long an answer is good, in milliseconds. Default 2,000. */
  readonly keepMs?: number;
  /** Told when something comes or goes. */
  onChange?(name: string, error: unknown): void;
}

class TooLateError extends Error {
  readonly code = 'no answer in time';
}

export function createReadiness({ checks, within = 3_000, keepMs = 2_000, onChange }: ReadinessOptions): () => Promise<Readiness> {
  let asked: { readonly answer: Promise<Readiness>; until: number } | undefined;
  const last = new Map<string, string>();

  async function ask(): Promise<Readiness> {
    const answers = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const error = await inTime(check, within);
        const said = error === undefined ? 'ok' : wordOf(error);
        if (said !== (last.get(name) ?? 'ok')) onChange?.(name, error);
        last.set(name, said);
        return [name, said] as const;
      }),
    );
    return { ready: answers.every(([, said]) => said === 'ok'), checks: Object.fromEntries(answers) };
  }

  return () => {
    if (asked !== undefined && performance.now() < asked.until) return asked.answer;
    const mine = { answer: ask(), until: Number.POSITIVE_INFINITY };
    asked = mine;
    void mine.answer.finally(() => {
      mine.until = performance.now() + keepMs;
    });
    return mine.answer;
  };
}

/** Undefined: it is there. */
async function inTime(check: () => Promise<unknown>, within: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<unknown>((resolve) => {
    timer = setTimeout(() => resolve(new TooLateError()), within);
  });
  try {
    return await Promise.race([
      check().then(
        () => undefined,
        (error: unknown) => error ?? new Error('unknown'),
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function wordOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' && code !== '' ? code : typeof name === 'string' ? name : 'failed';
}
