// docs/reference/http-api.md, from the descriptions that the four listeners serve as OpenAPI, with an example each.
import { CONTROL_API as NODE_CONTROL } from '../../node-agent/control/openapi.ts';
import { PUBLIC_API as NODE_PUBLIC } from '../../node-agent/public/openapi.ts';
import { CONTROL_API as FRONT_CONTROL } from '../../redirector/control/openapi.ts';
import { PUBLIC_API as FRONT_PUBLIC } from '../../redirector/public/openapi.ts';
import type { ApiDescription, Operation } from '../../shared/http/openapi.ts';
import { exampleOf } from './example.ts';
import { code, document } from './markdown.ts';

export const LISTENERS: readonly ApiDescription[] = [FRONT_PUBLIC, FRONT_CONTROL, NODE_PUBLIC, NODE_CONTROL];

export function makeHttpApi(): string {
  return document(
    'HTTP API',
    `Each listener describes itself as OpenAPI 3.1 at \`/openapi.json\`; this page is made from the same source. Errors are
described in \`errors.md\`. Examples are made from the schemas: their values are invented.`,
    ...LISTENERS.flatMap(({ title, description, operations }) => [
      `## ${title}`,
      description,
      ...operations.flatMap(describe),
    ]),
  );
}

function describe(operation: Operation): readonly string[] {
  const { method, path, summary, description, query = {}, refuses = [], token } = operation;
  const parameters = Object.entries(query).map(
    ([name, { description }]) => `- ${code(`?${name}=`)} ${description}`,
  );
  return [
    `### ${method.toUpperCase()} ${path}`,
    `${[summary, description].filter((text) => text !== undefined).join('. ')}`,
    ...(parameters.length === 0 ? [] : [parameters.join('\n')]),
    ...(token === undefined ? [] : [`Asks for the ${token} token, where one is set.`]),
    ...(refuses.length === 0 ? [] : [`Refuses with ${[...new Set(refuses)].map(code).join(', ')}.`]),
    example(operation),
  ];
}

function example({ method, path, body, query, token, answers }: Operation): string {
  const [first] = Object.keys(query ?? {});
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => EXAMPLE_IDS[name] ?? 'node7');
  const request = [
    `${method.toUpperCase()} ${target}${first === undefined ? '' : `?${first}=…`} HTTP/1.1`,
    ...(token === undefined ? [] : [`Authorization: Bearer <${token} token>`]),
    ...(body === undefined ? [] : ['', json(exampleOf(body, 'input'))]),
  ];
  const [status = '200', answer] = Object.entries(answers)[0] ?? [];
  const response = [
    `HTTP/1.1 ${status}`,
    ...(answer?.schema === undefined
      ? []
      : ['Content-Type: application/json', '', json(exampleOf(answer.schema, 'output'))]),
    ...(answer?.type === undefined ? [] : [`Content-Type: ${answer.type}`]),
  ];
  return ['```http', ...request, '', ...response, '```'].join('\n');
}

const EXAMPLE_IDS: Readonly<Record<string, string>> = { sandbox: 'wpvcucau74accsc2ou32roflnb7rn5cv' };

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
