/** A way by which notices get to people and other systems. */
import type { ClaimedNotice } from '@headrace/ports';

export interface Channel {
  /**
   * Delivers it, or rejects. Nothing of it goes on when the signal is aborted; it may have got there all the same.
   * @throws RefusedError, NoPlaceError, or whatever went wrong on the way: it is tried again.
   */
  deliver(notice: ClaimedNotice, signal: AbortSignal): Promise<void>;
}

/** The URL of a connection; undefined when this process has none of that id. */
export type ConnectionUrls = (id: string) => string | undefined | Promise<string | undefined>;
