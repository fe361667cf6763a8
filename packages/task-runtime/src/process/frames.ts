/** Writing frames to the worker: at once and completely, so that what was written is there even when the next statement kills the process. */
import { writeSync } from 'node:fs';
import { FRAME_FD, type Frame, formatLine } from '../protocol.ts';

const pause = new Int32Array(new SharedArrayBuffer(4));

export function sendFrame(frame: Frame): void {
  const bytes = Buffer.from(formatLine(frame));
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(FRAME_FD, bytes, sent);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The descriptor blocks unless user code changed that; then the wait is ours.
      if (code === 'EAGAIN') Atomics.wait(pause, 0, 0, 1);
      else if (code !== 'EINTR') leave();
    }
  }
}

/** The worker is gone, or user code closed the channel: nobody would hear how the task ends. */
function leave(): never {
  process.exit(1);
}
