// Both engines pass the same suite.
import { afterAll } from 'vitest';
import { describeNeeding } from '../lab/needs.ts';
import { dockerHost } from './docker-host.ts';
import { engineContract } from './engine-contract.ts';
import { localHost } from './local-host.ts';

const local = localHost();
afterAll(() => local.remove());
engineContract('the local engine', local);

describeNeeding(['docker'], 'on the lab', ({ docker }) => {
  engineContract('the Docker engine', dockerHost(docker));
});
