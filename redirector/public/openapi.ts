// What the front's public listener answers, described for programs. `serveOpenApi` checks it against the routes.
import { z } from 'zod';
import { type ApiDescription, fileAnswer } from '../../shared/http/openapi.ts';
import { spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import { EMBED_PATH } from '../embed/script.ts';
import { fleetStatsSchema } from '../nodes/summary.ts';

const stats = { 200: { description: "the fleet's room, and every node's", schema: fleetStatsSchema } };

export const PUBLIC_API: ApiDescription = {
  title: 'tmpfleet redirector, for readers and programs',
  description:
    'Every other GET of a browser that navigates is a reader: 302 to a node with room, or 503 with a page and `Retry-After` ' +
    'when there is none: a place in line. In a frame of another site it gets the launch page, whose button posts to the same address: 303. ' +
    'Other requests use no sandbox: they get the launch page if they accept `text/html`, else 302 to a node. ' +
    'A program that accepts `application/json` stands in line, too: 503 with `{"status":"full","code":"no-room","message",' +
    '"place","eta","retry_after","again","reason"}`; `place` is 1 for the first, `eta` in seconds or null, and `again` the path ' +
    'that holds the place. `GET` of it is held for up to 26 s and answers the same, or 200 with ' +
    '`{"status":"admitted","location"}` when it is their turn: `location` gives the sandbox, within seconds.',
  operations: [
    { method: 'get', path: '/stats', summary: 'Room in the whole fleet, from memory', answers: stats },
    { method: 'get', path: '/api/stats', summary: 'The same', answers: stats },
    {
      ...{ method: 'post', path: '/api/spawn', summary: 'A sandbox for a program' },
      description:
        'Asks nodes one after another until one has room. The body and `Authorization` are passed on to the node.',
      body: z.looseObject({}).optional(),
      answers: { 200: { description: 'where the sandbox is', schema: spawnAnswerSchema } },
      refuses: [
        'unauthorized',
        'forbidden',
        'body-too-large',
        'full',
        'too-many-requests',
        'too-many-sandboxes',
        'proof-of-work',
        'no-node-answers',
        'no-nodes',
      ],
    },
    {
      ...{
        method: 'get',
        path: EMBED_PATH,
        summary: 'The script for an article: a button that opens a notebook',
      },
      description:
        'docs/embed.md. With `?v=<version>`, as `tmpfleet embed --integrity` prints it, it may be cached for a year.',
      answers: fileAnswer('a classic script', 'text/javascript'),
    },
    {
      ...{ method: 'get', path: '/robots.txt', summary: 'No crawler is welcome' },
      answers: fileAnswer('as crawlers read it', 'text/plain'),
    },
  ],
};
