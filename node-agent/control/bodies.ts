// What the node's control listener takes.
import { z } from 'zod';
import { durationInput } from '../../shared/config/units.ts';

export const drainBody = z
  .object({
    deadline: durationInput.optional().describe('`30m`, or seconds; the configured one unless given'),
  })
  .optional();
