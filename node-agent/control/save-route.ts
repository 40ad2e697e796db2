// Sends an operator the files of a sandbox. As a command in it would, it shows what its reader does there, so it asks for the same.
import type Router from '@koa/router';
import { FleetError } from '../../shared/errors.ts';
import { readJsonBody } from '../../shared/http/koa-app.ts';
import type { Operation } from '../../shared/http/openapi.ts';
import { saveRequestSchema } from '../../shared/protocol/save.ts';
import { describeIssues } from '../../shared/protocol/wire.ts';
import { TYPES } from '../home-files/archives.ts';
import type { HomeFiles } from '../home-files/home-files.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { refuseStrangers } from './exec-routes.ts';

/** @param find @throws FleetError `not-found` */
export function addSaveRoute(
  router: Router,
  {
    config,
    homeFiles,
  }: { readonly config: { readonly controlToken: string }; readonly homeFiles: HomeFiles },
  find: (id: string | undefined) => Sandbox,
): void {
  router.post('/api/sandboxes/:id/save', async (context) => {
    await refuseStrangers(context, config, 'save the files of');
    const body = (await readJsonBody(context)) ?? {};
    const parsed = saveRequestSchema.safeParse(body);
    if (!parsed.success) {
      throw new FleetError('bad-request', describeIssues(parsed.error, body), {
        remedy: 'send something like {"format":"tar.gz"}',
      });
    }
    context.status = 200;
    await homeFiles.save(find(context.params.id), context.res, parsed.data);
    context.respond = false;
  });
}

export const SAVE: Operation = {
  ...{
    method: 'post',
    path: '/api/sandboxes/{id}/save',
    summary: 'Sends the files of a sandbox as one archive',
    token: 'control',
  },
  description:
    'The home of the sandbox, packed in it by its own tar, as it comes: an answer that breaks off is not whole. Without `all`, only what was changed since the sandbox was claimed. Without a control token only root and the user of the node-agent may do this.',
  body: saveRequestSchema,
  answers: { 200: { description: 'the archive', type: TYPES.zip } },
  refuses: [
    ...(['bad-request', 'body-too-large', 'forbidden', 'not-found', 'conflict', 'cannot-save'] as const),
    ...(['unavailable', 'engine-unavailable', 'engine-timeout'] as const),
  ],
};
