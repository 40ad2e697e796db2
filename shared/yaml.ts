// The YAML library, loaded when the first file is read or printed: it is 72 modules, and most starts and verbs need none.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const yaml = (): typeof import('yaml') => require('yaml') as typeof import('yaml');
