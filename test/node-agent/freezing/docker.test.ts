// Freezing of containers.
import { describeNeeding } from '../../lab/needs.ts';
import { freezingContract } from './contract.ts';

describeNeeding(['docker'], 'containers', ({ docker }) => {
  freezingContract('the Docker engine', {
    ...{ engine: 'docker', dockerHost: docker.host, image: docker.tinyImage, pull: 'never' },
    ...{ nodeId: 'freezing', command: docker.tinyCommand },
  });
});
