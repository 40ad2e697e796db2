// Request bodies that the node's control listener accepts.
import { z } from 'zod';
import { durationInput } from '../../shared/config/units.ts';

export const drainBody = z
  .object({
    deadline: durationInput.optional().describe('`30m`, or seconds; by default, the configured deadline'),
  })
  .optional();
