// Static files from a node's memory, with containers as sandboxes.
import { describeNeeding } from '../../lab/needs.ts';
import { staticCommandInside } from '../../support/static-site.ts';
import { staticCacheContract } from './contract.ts';

describeNeeding(['docker'], 'containers', ({ docker }) => {
  staticCacheContract('the Docker engine', {
    ...{ engine: 'docker', dockerHost: docker.host, image: docker.tinyImage, pull: 'never' },
    ...{ nodeId: 'static-cache', command: staticCommandInside() },
  });
});
