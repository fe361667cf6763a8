/** What a test of a connection found, as the API shows it. */

export function tested({
  ok,
  message,
  code,
  ms,
}: {
  readonly ok: boolean;
  readonly message: string;
  readonly code?: string;
  readonly ms: number;
}) {
  return { status: ok, message, code: code ?? null, ms };
}
