// OpenAPI description of the node's report, for both listeners.
import type { Operation } from '../../shared/http/openapi.ts';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';

export const REPORT_ANSWER: Operation['answers'] = {
  200: {
    description: 'one snapshot, from memory; the first four fields are those of tmpnb',
    schema: nodeStatsSchema,
  },
};
