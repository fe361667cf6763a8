/** A span that has ended, as plain JSON: what crosses from a task process to its worker, and from there into an exporter. */

export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export type SpanAttributes = Readonly<
  Record<string, string | number | boolean | readonly (string | number | boolean | null)[] | undefined>
>;

export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent: it begins the trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: SpanKindName;
  /** Epoch milliseconds, with a fraction. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  /** Absent: nobody has said. */
  readonly status?: { readonly ok: boolean; readonly message?: string };
  readonly events?: readonly { readonly name: string; readonly atMs: number; readonly attributes: SpanAttributes }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: SpanAttributes }[];
  /** The instrumentation that made it. */
  readonly scope: { readonly name: string; readonly version?: string };
}

const KINDS: ReadonlySet<unknown> = new Set<SpanKindName>(['internal', 'server', 'client', 'producer', 'consumer']);

/** Whether a value that came from elsewhere is one. */
export function isFinishedSpan(value: unknown): value is FinishedSpan {
  return (
    isObject(value) &&
    isId(value.traceId, 32) &&
    isId(value.spanId, 16) &&
    (value.parentSpanId === undefined || isId(value.parentSpanId, 16)) &&
    typeof value.name === 'string' &&
    KINDS.has(value.kind) &&
    Number.isFinite(value.startMs) &&
    Number.isFinite(value.endMs) &&
    isObject(value.attributes) &&
    (value.status === undefined || (isObject(value.status) && typeof value.status.ok === 'boolean')) &&
    isListOf(value.events, (event) => typeof event.name === 'string' && Number.isFinite(event.atMs) && isObject(event.attributes)) &&
    isListOf(value.links, (link) => isId(link.traceId, 32) && isId(link.spanId, 16) && isObject(link.attributes)) &&
    isObject(value.scope) &&
    typeof value.scope.name === 'string'
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown, length: number): boolean {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value);
}

function isListOf(value: unknown, check: (item: Readonly<Record<string, unknown>>) => boolean): boolean {
  return value === undefined || (Array.isArray(value) && value.every((item) => isObject(item) && check(item)));
}
