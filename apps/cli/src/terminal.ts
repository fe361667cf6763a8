/** Where the CLI writes: what was asked for on stdout, everything else on stderr. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
}

export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}
