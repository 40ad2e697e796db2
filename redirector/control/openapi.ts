// What the front's control listener answers, described for programs. `serveOpenApi` checks it against the routes.
import { z } from 'zod';
import { eventSchema } from '../../shared/api/event.ts';
import { addedNodeSchema, probeResultSchema } from '../../shared/api/finding.ts';
import { historySchema } from '../../shared/api/history.ts';
import { fleetSchema, nodeSchema, nodesSchema } from '../../shared/api/node.ts';
import { registryStatusSchema } from '../../shared/api/registry.ts';
import { AUDIT } from '../../shared/audit/auditing.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { type ApiDescription, fileAnswer, HEALTH_ANSWER, type Operation } from '../../shared/http/openapi.ts';
import { ORDERS } from '../../shared/protocol/order.ts';
import { RELOAD } from '../../shared/reload/route.ts';
import { PROBE_CODES } from '../admission/findings.ts';
import { addBody, hostBody, orderBody } from './bodies.ts';
import { NODE_OPERATIONS, ORDER_REFUSALS } from './node-routes.ts';
import { forceBody } from './registry-routes.ts';
import { WEBHOOK_OPERATIONS } from './webhook-routes.ts';

const node = (description: string): Operation['answers'] => ({
  200: { description, schema: nodeSchema },
});

const BAD_BODY: readonly ErrorCode[] = ['bad-request', 'body-too-large'];
/** Why the registry did not take a change. */
const REGISTRY_REFUSALS: readonly ErrorCode[] = ['conflict', 'registry-unreachable'];

const orders: readonly Operation[] = ORDERS.map((order) => ({
  method: 'post',
  path: `/api/nodes/{id}/${order}`,
  summary: {
    cordon: 'No new readers there, until it is uncordoned',
    uncordon: 'New readers again',
    drain: 'No new readers, and by the deadline none at all',
  }[order],
  body: orderBody.optional(),
  answers: node('the node as it is now'),
  refuses: [...BAD_BODY, 'not-found', 'last-node', 'wrong-state', ...ORDER_REFUSALS],
  token: 'control',
}));

const registryStatus: Operation['answers'] = {
  200: { description: 'how it is now', schema: registryStatusSchema },
};

/** An operator's decisions about a registry that lost its data. */
const decisions: readonly Operation[] = (['accept', 'restore'] as const).map((decision) => ({
  method: 'post',
  path: `/api/registry/${decision}`,
  summary: {
    accept: 'Uses the registry as it is, even if it is empty',
    restore: 'Writes the last known nodes to the registry',
  }[decision],
  body: forceBody,
  answers: registryStatus,
  refuses: [...BAD_BODY, ...REGISTRY_REFUSALS],
  token: 'control',
}));

export const CONTROL_API: ApiDescription = {
  title: 'tmpfleet redirector, for operators',
  description: 'Manages the nodes of the fleet. Listens on loopback unless configured otherwise.',
  operations: [
    {
      ...{ method: 'get', path: '/', summary: 'What there is' },
      answers: {
        200: {
          description: 'the program, its version and where to look',
          schema: z.object({ program: z.string(), version: z.string(), see: z.array(z.string()) }),
        },
      },
    },
    { method: 'get', path: '/healthz', summary: 'Is the process well?', answers: HEALTH_ANSWER },
    {
      ...{
        method: 'get',
        path: '/readyz',
        summary: 'Could it send a reader somewhere?',
        answers: HEALTH_ANSWER,
      },
      refuses: ['unavailable'],
    },
    {
      ...{ method: 'get', path: '/metrics', summary: 'Numbers for Prometheus', token: 'control' },
      answers: fileAnswer("Prometheus' text format", 'text/plain'),
    },
    {
      ...{ method: 'get', path: '/api/nodes', summary: 'Every node as the front sees it', token: 'control' },
      answers: { 200: { description: 'all of them', schema: nodesSchema } },
    },
    {
      ...{
        method: 'get',
        path: '/api/fleet',
        summary: 'Nodes, and totals since the start',
        token: 'control',
      },
      answers: { 200: { description: 'what `tmpfleet top` shows', schema: fleetSchema } },
    },
    {
      ...{ method: 'post', path: '/api/nodes', summary: 'Adds a node', body: addBody, token: 'control' },
      description: 'Checks the node first; a refusal has the results of the checks in `findings`.',
      answers: {
        201: {
          description: 'it was added',
          schema: addedNodeSchema,
        },
      },
      refuses: [...BAD_BODY, 'already-exists', ...REGISTRY_REFUSALS, ...PROBE_CODES],
    },
    {
      ...{ method: 'get', path: '/api/nodes/{id}', summary: 'One node', token: 'control' },
      ...{ answers: node('as the front sees it'), refuses: ['not-found'] },
    },
    {
      ...{ method: 'delete', path: '/api/nodes/{id}', summary: 'Removes a node', token: 'control' },
      description:
        'The node itself gets no message. Drain it first, or its readers lose their way back to it through the front.',
      query: {
        if: {
          description: '`empty`: only if no readers are left there',
          schema: z.literal('empty').optional(),
        },
      },
      answers: { 200: { description: 'it was removed', schema: z.object({ removed: z.string() }) } },
      refuses: ['not-found', 'node-in-use', ...REGISTRY_REFUSALS],
    },
    ...orders,
    ...NODE_OPERATIONS,
    {
      ...{ method: 'get', path: '/api/registry', summary: 'How the list of nodes is kept', token: 'control' },
      answers: registryStatus,
    },
    ...decisions,
    ...WEBHOOK_OPERATIONS,
    RELOAD,
    { ...AUDIT, refuses: ['bad-request', 'registry-unreachable'] },
    {
      ...{ method: 'get', path: '/api/nodes/{id}/probe', summary: 'Checks a node again', token: 'control' },
      answers: {
        200: {
          description: 'the findings, and the remedy for a failure',
          schema: probeResultSchema,
        },
      },
      refuses: ['not-found'],
    },
    {
      ...{ method: 'delete', path: '/api/nodes/{id}/sandboxes/{sandbox}', summary: 'Ends a sandbox there' },
      answers: { 200: { description: 'it is being removed', schema: z.object({ removing: z.string() }) } },
      refuses: ['not-found', ...ORDER_REFUSALS],
      token: 'control',
    },
    {
      ...{ method: 'get', path: '/api/history', summary: 'The last hour of the fleet', token: 'control' },
      description: 'Kept in memory: it is empty after a restart.',
      answers: { 200: { description: 'oldest first', schema: historySchema } },
    },
    {
      ...{ method: 'get', path: '/api/events', summary: 'The fleet as it changes', token: 'control' },
      description: 'Server-sent events, each a JSON object: the whole at first, then what has changed.',
      answers: {
        200: { description: 'until either side ends it', type: 'text/event-stream', schema: eventSchema },
      },
      refuses: ['unavailable'],
    },
    {
      ...{ method: 'post', path: '/hosts', summary: "tmpnb-redirector's way of adding", body: hostBody },
      answers: { 200: { description: 'it is in the fleet', schema: hostBody } },
      ...{ refuses: [...BAD_BODY, ...REGISTRY_REFUSALS], token: 'control' },
    },
    {
      ...{
        method: 'delete',
        path: '/hosts',
        summary: "tmpnb-redirector's way of forgetting",
        body: hostBody,
      },
      answers: { 200: { description: 'it was removed', schema: hostBody } },
      ...{ refuses: [...BAD_BODY, 'not-found', ...REGISTRY_REFUSALS], token: 'control' },
    },
  ],
};
