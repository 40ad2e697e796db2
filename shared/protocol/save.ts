// The files of a sandbox as one archive, as an operator asks a node for them (`POST /api/sandboxes/<id>/save`).
import { z } from 'zod';

export const SAVE_FORMATS = ['zip', 'tar.gz'] as const;
export type SaveFormat = (typeof SAVE_FORMATS)[number];

export const saveRequestSchema = z.object({
  format: z.enum(SAVE_FORMATS).default('zip'),
  all: z.boolean().default(false).describe('also what its reader has not changed'),
});
export type SaveRequest = z.infer<typeof saveRequestSchema>;

/** Of the answer: bytes of all files before they are compressed, where tar in the sandbox could say it before. */
export const SAVE_SIZE_HEADER = 'tmpfleet-files-bytes';
