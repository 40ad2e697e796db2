// Both engines run commands in sandboxes alike.
import { afterAll } from 'vitest';
import { describeNeeding } from '../lab/needs.ts';
import { dockerHost } from './docker-host.ts';
import { executeContract } from './execute-contract.ts';
import { localHost } from './local-host.ts';

const local = localHost();
afterAll(() => local.remove());
executeContract('a command in a sandbox of the local engine', local);

describeNeeding(['docker'], 'on the lab', ({ docker }) => {
  executeContract('a command in a sandbox of the Docker engine', dockerHost(docker));
});
