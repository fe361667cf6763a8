/** What is asked of connectors outside of tasks. */

export interface ConnectionTest {
  readonly ok: boolean;
  /** In plain words: what answered, or what is wrong and what to do. Holds no secret. */
  readonly message: string;
  /** A `HR_…` code of what is wrong, where there is one. */
  readonly code?: string;
  readonly ms: number;
}

/** How far an incremental load has come; kept with its data. */
export interface CursorRecord {
  readonly name: string;
  readonly table: string;
  /** Values as text, in the column type's own form. */
  readonly state: {
    readonly value?: string;
    readonly boundary?: readonly string[];
    readonly boundaryFrom?: string;
    readonly position?: unknown;
  };
  readonly updatedAt: Date;
  /** The load that moved it. Absent: a person set it. */
  readonly loadId?: string;
}

type Settings = { readonly id: string; readonly url: string };

/** All but `testConnection` reject with errors whose `code` begins with `HR_`, in plain words, without secrets. */
export interface DataAdmin {
  /** Really connects. Never rejects. */
  testConnection(settings: Settings): Promise<ConnectionTest>;
  /** Of one table, or of all. */
  listCursors(settings: Settings, table?: string): Promise<readonly CursorRecord[]>;
  /** The next run reads from this value on. Rejects with HR_CURSOR_NOT_FOUND, HR_CURSOR_AMBIGUOUS. */
  rewindCursor(settings: Settings, name: string, value: string, table?: string): Promise<CursorRecord>;
  /** The next run begins as the first one did. Rejects as `rewindCursor`. */
  resetCursor(settings: Settings, name: string, table?: string): Promise<CursorRecord>;
}
