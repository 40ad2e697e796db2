// docs/reference/ matches the source, and its examples are valid.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleOf } from '../../scripts/reference/example.ts';
import { LISTENERS } from '../../scripts/reference/http-api.ts';
import { makeReferences } from '../../scripts/reference/main.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAMES = ['errors', 'http-api', 'metrics', 'options'].map((name) => `docs/reference/${name}.md`);

describe('the reference documents', () => {
  let made: Readonly<Record<string, string>>;
  beforeAll(async () => {
    made = await makeReferences();
  });

  test('are all checked here', () => {
    expect(Object.keys(made).sort()).toEqual(NAMES);
  });

  test.each(NAMES)('%s is what the source generates', (name) => {
    const committed = readFileSync(join(ROOT, name), 'utf8');
    expect(committed, `${name} is out of date: run npm run docs, and commit it`).toBe(made[name]);
  });
});

describe('the examples of the HTTP API', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const cases = LISTENERS.flatMap(({ title, operations }) =>
    operations.flatMap(({ method, path, body, answers }) => {
      const name = `${title}: ${method} ${path}`;
      const [answer] = Object.values(answers);
      return [
        ...(body === undefined ? [] : [{ name: `${name}, the body`, schema: body, io: 'input' as const }]),
        ...(answer?.schema === undefined
          ? []
          : [{ name: `${name}, the answer`, schema: answer.schema, io: 'output' as const }]),
      ];
    }),
  );

  test.each(cases)('$name', ({ schema, io }) => {
    const isValid = ajv.compile(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
    isValid(exampleOf(schema, io));
    expect(isValid.errors ?? []).toEqual([]);
  });
});
