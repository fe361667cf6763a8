/**
 * Schemas as the document shows them: those that the contract names stand once, under `components/schemas`, and are referred to.
 *
 * S1. A schema is known by what it says, so that it is found behind `Type.Optional` too, which copies it.
 * S2. What has a default need not be sent: it is not listed as required, though the validator finds it filled in.
 * S3. Only what is referred to stands there.
 */
import * as contract from '@headrace/api-contract';
import { IsSchema, type TSchema } from 'typebox';

export type JsonSchema = Readonly<Record<string, unknown>>;

const REF = '#/components/schemas/';

export class SchemaBook {
  readonly #names: ReadonlyMap<string, string>;
  readonly #described = new Map<string, JsonSchema>();

  /** @param named by the name that each has in the document. */
  constructor(named: Readonly<Record<string, unknown>> = contract) {
    const names = new Map<string, string>();
    for (const [name, schema] of Object.entries(named)) {
      if (!IsSchema(schema) || !isWorthAName(schema)) continue;
      const text = JSON.stringify(schema);
      if (!names.has(text)) names.set(text, name);
    }
    this.#names = names;
  }

  /** The schema, or a reference to it. */
  refer(schema: TSchema): JsonSchema {
    const name = this.#names.get(JSON.stringify(schema));
    if (name === undefined) return this.#inline(schema as unknown as JsonSchema);
    if (!this.#described.has(name)) {
      this.#described.set(name, {});
      this.#described.set(name, this.#inline(schema as unknown as JsonSchema));
    }
    return { $ref: `${REF}${name}` };
  }

  /** Everything referred to so far, by name. */
  components(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#described].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #inline(schema: JsonSchema): JsonSchema {
    const described: Record<string, unknown> = {};
    for (const [keyword, value] of Object.entries(schema)) Object.assign(described, this.#keyword(keyword, value, schema));
    return described;
  }

  /** One keyword of TypeBox's as JSON Schema 2020-12 has it. */
  #keyword(keyword: string, value: unknown, { properties, items }: JsonSchema): JsonSchema {
    switch (keyword) {
      case 'properties':
        return { properties: mapValues(value as Readonly<Record<string, TSchema>>, (one) => this.refer(one)) };
      case 'required': {
        const sent = (value as readonly string[]).filter((name) => !hasDefault((properties as Readonly<Record<string, TSchema>>)?.[name]));
        return sent.length === 0 ? {} : { required: sent };
      }
      case 'items':
        return Array.isArray(value)
          ? { prefixItems: value.map((one: TSchema) => this.refer(one)), items: false }
          : { items: this.refer(value as TSchema) };
      case 'additionalItems':
        return Array.isArray(items) ? {} : { additionalItems: value };
      case 'anyOf':
      case 'allOf':
      case 'oneOf':
        return { [keyword]: (value as readonly TSchema[]).map((one) => this.refer(one)) };
      case 'patternProperties': {
        const entries = Object.entries(value as Readonly<Record<string, TSchema>>);
        const [first] = entries;
        // TypeBox writes a record of anything so; everybody's generators know the other form.
        if (entries.length === 1 && first?.[0] === '^.*$') return { additionalProperties: this.refer(first[1]) };
        return { patternProperties: mapValues(Object.fromEntries(entries), (one) => this.refer(one)) };
      }
      case 'additionalProperties':
        return { additionalProperties: typeof value === 'object' ? this.refer(value as TSchema) : value };
      case 'enum':
        return (value as readonly unknown[]).every((one) => typeof one === 'string') ? { type: 'string', enum: value } : { enum: value };
      default:
        return { [keyword]: value };
    }
  }
}

/** A plain text or number says more in its place than behind a name. */
function isWorthAName(schema: TSchema): boolean {
  if ('enum' in schema || 'anyOf' in schema) return true;
  return 'properties' in schema && Object.keys(schema.properties as object).length > 0;
}

export function hasDefault(schema: TSchema | undefined): boolean {
  return schema !== undefined && 'default' in schema;
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
