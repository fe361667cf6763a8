/** Bodies and answers of Airflow's REST API that stand for themselves: what the routes check is in the API's contract. */

export interface VariableBody {
  readonly key: string;
  /** Any JSON value; what is no text is stored as its JSON. */
  readonly value: unknown;
  readonly description?: string | null;
}

export interface Variable {
  readonly key: string;
  /** Masked where the key says that it is a secret. */
  readonly value: string;
  readonly description: string | null;
  readonly is_encrypted: boolean;
}

export interface VariableCollection {
  readonly variables: readonly Variable[];
  readonly total_entries: number;
}

/** An entry without its value. */
export interface XCom {
  readonly key: string;
  readonly timestamp: string;
  readonly map_index: number;
  readonly task_id: string;
  readonly dag_id: string;
  readonly run_id: string;
}

export interface XComCollection {
  readonly xcom_entries: readonly XCom[];
  readonly total_entries: number;
}
