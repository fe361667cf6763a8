/** A started scheduler, worker or API, as its composition root hands it to whoever started it. */
export interface RunningProcess {
  /** For people: what it listens on, e.g. `http://127.0.0.1:8080`. */
  readonly address?: string;
  /** For people: what to do first. It may hold a secret, and is shown where the process was started, in no log. */
  readonly hint?: string;
  /** Drains and ends: takes no new work, finishes or hands back what it has. */
  stop(): Promise<void>;
}
