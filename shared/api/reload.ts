// What a program answers that read its configuration again.
import { z } from 'zod';

const names = z.array(z.string());

/** `POST /api/reload` */
export const reloadedSchema = z.object({
  applied: names.describe('options that have changed, and apply now'),
  need_restart: names.describe('options that have changed, and apply after a restart'),
});
export type ReloadedJson = z.infer<typeof reloadedSchema>;
