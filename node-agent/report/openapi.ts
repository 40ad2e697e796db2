// How both listeners describe the node's report.
import type { Operation } from '../../shared/http/openapi.ts';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';

export const REPORT_ANSWER: Operation['answers'] = {
  200: {
    description: 'one snapshot, from memory; the first four fields are as tmpnb has them',
    schema: nodeStatsSchema,
  },
};
