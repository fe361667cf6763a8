/** JSON as BSON, exactly: the way back of `bson-json.ts`. Whole numbers stay whole in all their digits, and Extended JSON becomes its value. */
import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } from 'mongodb';

const INT32 = 2n ** 31n;
const INT64 = 2n ** 63n;
/** So many digits every double keeps. */
const DOUBLE_DIGITS = 15;

/** Throws for text that is no JSON, and for a number that no BSON type holds exactly. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_name: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === 'number') return numberOf(context?.source ?? String(value));
    return isPlain(value) ? extended(value) : value;
  });
}

/** The smallest type that holds it: Int32, Long, a double if its digits come back the same, else Decimal128. */
function numberOf(source: string): Int32 | Long | Double | Decimal128 {
  if (/^-?\d+$/.test(source) && source !== '-0') {
    const whole = BigInt(source);
    if (whole >= -INT32 && whole < INT32) return new Int32(Number(whole));
    if (whole >= -INT64 && whole < INT64) return Long.fromBigInt(whole);
    return Decimal128.fromString(source);
  }
  const double = Number(source);
  const digits = source
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+|0+$/g, '').length;
  const same = digits <= DOUBLE_DIGITS || String(double) === source || `${double}.0` === source;
  return same && Number.isFinite(double) ? new Double(double) : Decimal128.fromString(source);
}

function extended(value: Readonly<Record<string, unknown>>): unknown {
  const [name = '', ...more] = Object.keys(value);
  if (!name.startsWith('$') || more.length > 0) return value;
  const inner = value[name];
  const fields = inner as Readonly<Record<string, unknown>>;
  if (typeof inner === 'string') return fromText(name, inner) ?? value;
  switch (name) {
    case '$date':
      return inner instanceof Long ? new Date(inner.toNumber()) : value;
    case '$binary':
      return new Binary(Buffer.from(String(fields.base64), 'base64'), Number.parseInt(String(fields.subType), 16));
    case '$timestamp':
      return new Timestamp({ t: Number(fields.t), i: Number(fields.i) });
    case '$regularExpression':
      return new BSONRegExp(String(fields.pattern), String(fields.options));
    case '$minKey':
      return new MinKey();
    case '$maxKey':
      return new MaxKey();
    default:
      return value;
  }
}

function fromText(name: string, text: string): unknown {
  switch (name) {
    case '$oid':
      return ObjectId.createFromHexString(text);
    case '$date':
      return new Date(text);
    case '$numberDecimal':
      return Decimal128.fromString(text);
    case '$numberLong':
      return Long.fromString(text);
    case '$numberInt':
      return new Int32(Number(text));
    case '$numberDouble':
      return new Double(Number(text));
    case '$uuid':
      return new UUID(text);
    default:
      return undefined;
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) !== null &&
    !Array.isArray(value) &&
    !('_bsontype' in value) &&
    !(value instanceof Date)
  );
}
