import type { Timers } from '@headrace/ports';

/** Calls every so many milliseconds, for the first time after as many. The answer ends it. */
export function repeatedly(timers: Timers, milliseconds: number, call: () => void): () => void {
  let callOff: () => void;
  const next = (): void => {
    callOff = timers.after(milliseconds, () => {
      next();
      call();
    });
  };
  next();
  return () => callOff();
}
