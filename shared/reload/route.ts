// `POST /api/reload` of a control listener: the program reads its configuration again.
import type Router from '@koa/router';
import { type ReloadedJson, reloadedSchema } from '../api/reload.ts';
import type { Operation } from '../http/openapi.ts';
import type { Logger } from '../logging.ts';
import type { ConfigReloader } from '../runtime.ts';
import { logReloaded } from './reloader.ts';

export const RELOAD: Operation = {
  method: 'post',
  path: '/api/reload',
  summary: 'Reads the configuration again',
  description:
    'As the signal SIGHUP: the files that the program was started with, and its secrets. With an error in it, nothing changes.',
  answers: { 200: { description: 'what has changed', schema: reloadedSchema } },
  refuses: ['bad-config'],
  token: 'control',
};

/** @param reload undefined for a program that has nothing to read again, as in tests */
export function addReloadRoute(
  router: Router,
  reload: ConfigReloader['run'] | undefined,
  logger: Logger,
): void {
  router.post(RELOAD.path, (context) => {
    const reloaded = reload?.() ?? { applied: [], needRestart: [] };
    logReloaded(reloaded, logger);
    const body: ReloadedJson = { applied: [...reloaded.applied], need_restart: [...reloaded.needRestart] };
    context.body = body;
  });
}
