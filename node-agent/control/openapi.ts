// OpenAPI description of the node's control listener. `serveOpenApi` checks it against the routes.
import { z } from 'zod';
import { LOG_QUERY } from '../../shared/api/log-query.ts';
import { poolStatusSchema, recycledSchema } from '../../shared/api/pool.ts';
import { sandboxOutputSchema, sandboxSchema } from '../../shared/api/sandbox.ts';
import { AUDIT } from '../../shared/audit/auditing.ts';
import { type ApiDescription, fileAnswer, HEALTH_ANSWER, type Operation } from '../../shared/http/openapi.ts';
import { logLinesSchema } from '../../shared/protocol/log-wish.ts';
import { RELOAD } from '../../shared/reload/route.ts';
import { resizeBody } from '../lifecycle/pool-orders.ts';
import { REPORT_ANSWER } from '../report/openapi.ts';
import { drainBody } from './bodies.ts';
import { EXEC } from './exec-routes.ts';
import { SAVE } from './save-route.ts';

const standing = (path: string, summary: string): Operation => ({
  ...{ method: 'post', path, summary, answers: REPORT_ANSWER, token: 'control' },
  refuses: ['wrong-state'],
});
const status: Operation['answers'] = {
  200: {
    description: 'the report, and the state of the pool for operators',
    schema: poolStatusSchema,
  },
};

export const CONTROL_API: ApiDescription = {
  title: 'tmpfleet node, for operators',
  description: "On loopback by default. The node's state, its pool and its sandboxes.",
  operations: [
    { method: 'get', path: '/healthz', summary: 'Whether the process runs', answers: HEALTH_ANSWER },
    {
      ...{ method: 'get', path: '/readyz', summary: 'Whether the pool runs', answers: HEALTH_ANSWER },
      refuses: ['unavailable'],
    },
    {
      ...{ method: 'get', path: '/metrics', summary: 'Metrics for Prometheus', token: 'control' },
      answers: fileAnswer("Prometheus' text format", 'text/plain'),
    },
    {
      method: 'get',
      path: '/api/status',
      summary: 'The report of the node and the state of its pool',
      answers: status,
      token: 'control',
    },
    {
      ...{
        method: 'post',
        path: '/api/pool/resize',
        summary: 'Changes the size of the pool',
        token: 'control',
      },
      description:
        'Survives restarts until the option is configured to another value; null returns to the configured value.',
      ...{ body: resizeBody, answers: status, refuses: ['bad-request', 'body-too-large'] },
    },
    {
      ...{ method: 'post', path: '/api/pool/pause', summary: 'Pauses starts of sandboxes', token: 'control' },
      answers: status,
    },
    {
      ...{
        method: 'post',
        path: '/api/pool/resume',
        summary: 'Resumes starts of sandboxes',
        token: 'control',
      },
      answers: status,
    },
    {
      ...{
        method: 'post',
        path: '/api/pool/refresh',
        summary: 'Looks for a newer image',
        token: 'control',
      },
      description: 'Begins it; `pool.refresh` of the status says what came of it. A newer one is rolled out.',
      answers: status,
    },
    {
      ...{
        method: 'delete',
        path: '/api/pool',
        summary: 'Replaces all unclaimed sandboxes',
        token: 'control',
      },
      description: 'Step by step; at least half of the wanted warm sandboxes stay ready.',
      answers: {
        200: {
          description: 'number of sandboxes that will be replaced',
          schema: recycledSchema,
        },
      },
    },
    {
      ...{
        method: 'get',
        path: '/api/log',
        summary: "The last lines of the agent's own log",
        token: 'control',
      },
      description: 'From memory: the newest 2,000 lines, 1 MiB at most, of this run of the agent.',
      ...{ query: LOG_QUERY, refuses: ['bad-request'] },
      answers: {
        200: { description: 'lines as they were written, without secrets', schema: logLinesSchema },
      },
    },
    AUDIT,
    RELOAD,
    standing('/api/cordon', 'Stops new readers until the node is uncordoned'),
    standing('/api/uncordon', 'Accepts new readers again'),
    {
      ...standing('/api/drain', 'Stops new readers, and ends the others at a deadline'),
      body: drainBody,
      refuses: ['bad-request', 'body-too-large', 'wrong-state'],
    },
    {
      ...{ method: 'get', path: '/api/sandboxes', summary: 'All sandboxes', token: 'control' },
      answers: { 200: { description: 'oldest first', schema: z.array(sandboxSchema) } },
    },
    {
      ...{ method: 'get', path: '/api/sandboxes/{id}', summary: 'One sandbox', token: 'control' },
      ...{ answers: { 200: { description: 'the sandbox', schema: sandboxSchema } }, refuses: ['not-found'] },
    },
    {
      ...{
        method: 'get',
        path: '/api/sandboxes/{id}/output',
        summary: 'What a sandbox printed last',
        token: 'control',
      },
      answers: { 200: { description: 'the end of its output', schema: sandboxOutputSchema } },
      refuses: ['not-found', 'engine-unavailable', 'engine-timeout'],
    },
    EXEC,
    SAVE,
    {
      ...{ method: 'delete', path: '/api/sandboxes/{id}', summary: 'Ends a sandbox', token: 'control' },
      answers: { 202: { description: 'the sandbox, which is being removed', schema: sandboxSchema } },
      refuses: ['not-found'],
    },
  ],
};
