// What the node's control listener answers, described for programs. `serveOpenApi` checks it against the routes.
import { z } from 'zod';
import { poolStatusSchema, recycledSchema } from '../../shared/api/pool.ts';
import { sandboxSchema } from '../../shared/api/sandbox.ts';
import { type ApiDescription, fileAnswer, HEALTH_ANSWER, type Operation } from '../../shared/http/openapi.ts';
import { REPORT_ANSWER } from '../report/openapi.ts';
import { drainBody } from './bodies.ts';
import { resizeBody } from './pool-routes.ts';

const standing = (path: string, summary: string): Operation => ({
  ...{ method: 'post', path, summary, answers: REPORT_ANSWER, token: 'control' },
  refuses: ['wrong-state'],
});
const status: Operation['answers'] = {
  200: {
    description: 'the report, and what only an operator needs to know of the pool',
    schema: poolStatusSchema,
  },
};

export const CONTROL_API: ApiDescription = {
  title: 'tmpfleet node, for operators',
  description: "On loopback unless told otherwise. The node's state, its pool and its sandboxes.",
  operations: [
    { method: 'get', path: '/healthz', summary: 'Is the process well?', answers: HEALTH_ANSWER },
    {
      ...{ method: 'get', path: '/readyz', summary: 'Does the pool run?', answers: HEALTH_ANSWER },
      refuses: ['unavailable'],
    },
    {
      ...{ method: 'get', path: '/metrics', summary: 'Numbers for Prometheus', token: 'control' },
      answers: fileAnswer("Prometheus' text format", 'text/plain'),
    },
    {
      method: 'get',
      path: '/api/status',
      summary: 'Its report, and its pool',
      answers: status,
      token: 'control',
    },
    {
      ...{ method: 'post', path: '/api/pool/resize', summary: 'Another size, from now on', token: 'control' },
      description:
        'Outlives a restart, until the option is configured anew; null goes back to what is configured.',
      ...{ body: resizeBody, answers: status, refuses: ['bad-request', 'body-too-large'] },
    },
    {
      ...{ method: 'post', path: '/api/pool/pause', summary: 'Starts nothing more', token: 'control' },
      answers: status,
    },
    {
      ...{ method: 'post', path: '/api/pool/resume', summary: 'Starts again', token: 'control' },
      answers: status,
    },
    {
      ...{ method: 'delete', path: '/api/pool', summary: 'Replaces all that nobody has', token: 'control' },
      description: 'Step by step, never below half of what is to be ready.',
      answers: {
        200: {
          description: 'how many will be replaced',
          schema: recycledSchema,
        },
      },
    },
    standing('/api/cordon', 'No new readers, until it is uncordoned'),
    standing('/api/uncordon', 'New readers again'),
    {
      ...standing('/api/drain', 'No new readers, and by the deadline none at all'),
      body: drainBody,
      refuses: ['bad-request', 'body-too-large', 'wrong-state'],
    },
    {
      ...{ method: 'get', path: '/api/sandboxes', summary: 'All sandboxes', token: 'control' },
      answers: { 200: { description: 'oldest first', schema: z.array(sandboxSchema) } },
    },
    {
      ...{ method: 'get', path: '/api/sandboxes/{id}', summary: 'One sandbox', token: 'control' },
      ...{ answers: { 200: { description: 'as it is', schema: sandboxSchema } }, refuses: ['not-found'] },
    },
    {
      ...{ method: 'delete', path: '/api/sandboxes/{id}', summary: 'Ends a sandbox', token: 'control' },
      answers: { 202: { description: 'it is being removed', schema: sandboxSchema } },
      refuses: ['not-found'],
    },
  ],
};
