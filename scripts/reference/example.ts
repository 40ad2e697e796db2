// Makes an example of a schema: always the same, with invented values that the names of its fields suggest.
import { z } from 'zod';

const schemaShape = z.looseObject({
  const: z.unknown().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  propertyNames: z.object({ enum: z.array(z.string()).optional() }).optional(),
  items: z.unknown().optional(),
  format: z.string().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
});

const BY_NAME: Readonly<Record<string, string>> = {
  url: 'https://node7.example.org',
  host: 'https://node7.example.org',
  base_url: 'https://node7.example.org',
  id: 'node7',
  node: 'node7',
  message: 'what happened, for people',
  remedy: 'what to do',
  version: '0.1.0',
  image: 'quay.io/jupyter/base-notebook',
  container_image: 'quay.io/jupyter/base-notebook',
  deadline: '2h',
  nonce: '5f0c2f6a9d',
  boot: '9b1d0e',
  openapi: '3.1.0',
};

export function exampleOf(schema: z.ZodType, io: 'input' | 'output'): unknown {
  return sample(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), '');
}

function sample(given: unknown, name: string): unknown {
  const schema = schemaShape.parse(given);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [variant] = schema.anyOf ?? schema.oneOf ?? [];
  if (variant !== undefined) return sample(variant, name);
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map((part) => sample(part, name)));
  switch ([schema.type].flat()[0]) {
    case 'object':
      return sampleObject(schema);
    case 'array':
      return schema.items === undefined ? [] : [sample(schema.items, name.replace(/s$/, ''))];
    case 'string':
      return schema.format === 'date-time' ? '2026-01-31T12:00:00.000Z' : (BY_NAME[name] ?? 'text');
    case 'integer':
    case 'number':
      return Math.max(
        schema.minimum ?? 0,
        schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + 1,
        3,
      );
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function sampleObject({
  properties,
  additionalProperties,
  propertyNames,
}: z.infer<typeof schemaShape>): object {
  if (properties !== undefined && Object.keys(properties).length > 0)
    return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, sample(value, key)]));
  const isRecord = typeof additionalProperties === 'object' && additionalProperties !== null;
  if (!isRecord || Object.keys(additionalProperties).length === 0) return {};
  return { [propertyNames?.enum?.[0] ?? 'node7']: sample(additionalProperties, 'node') };
}
