// Routes for the pool as a whole: recycle, resize, refresh, pause and resume.
import type Router from '@koa/router';
import { readJsonBody } from '../../shared/http/koa-app.ts';
import { type PoolOrders, parseResize } from '../lifecycle/pool-orders.ts';

export function addPoolRoutes(router: Router, orders: PoolOrders): void {
  router.get('/api/status', (context) => {
    context.body = orders.status();
  });
  router.delete('/api/pool', (context) => {
    context.body = { drained: orders.recycle() };
  });
  router.post('/api/pool/resize', async (context) => {
    context.body = orders.resize(parseResize(await readJsonBody(context)));
  });
  router.post('/api/pool/refresh', (context) => {
    context.body = orders.refresh();
  });
  for (const [verb, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    router.post(`/api/pool/${verb}`, (context) => {
      context.body = orders.pause(paused);
    });
  }
}
