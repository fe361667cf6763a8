/** What is asked of connectors outside of tasks. */

export interface ConnectionTest {
  readonly ok: boolean;
  /** In plain words: what answered, or what is wrong and what to do. Holds no secret. */
  readonly message: string;
  /** A `HR_…` code of what is wrong, where there is one. */
  readonly code?: string;
  readonly ms: number;
}

export interface DataAdmin {
  /** Really connects. Never rejects. */
  testConnection(settings: { readonly id: string; readonly url: string }): Promise<ConnectionTest>;
}
