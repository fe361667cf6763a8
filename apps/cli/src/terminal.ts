/** Where the CLI writes: what was asked for on stdout, everything else on stderr. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Absent: nothing can be read. */
  readonly stdin?: TextSource;
}

export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Of a terminal: how wide it is. */
  readonly columns?: number;
}

/** As much of a terminal's input as commands use. */
export interface TextSource extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
}
