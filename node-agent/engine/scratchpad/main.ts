// The scratchpad: a substitute for a notebook without Docker and Jupyter. JavaScript, one process per reader.
import { parseArgs } from 'node:util';
import { describeError } from '../../../shared/errors.ts';
import { serve } from '../../../shared/http/serving.ts';
import { Evaluator } from './evaluator.ts';
import { createScratchpad } from './server.ts';

const { values } = parseArgs({
  options: {
    'base-path': { type: 'string', default: '/' },
    port: { type: 'string', default: '8888' },
    ip: { type: 'string', default: '127.0.0.1' },
  },
});

try {
  const scratchpad = createScratchpad({ basePath: values['base-path'], evaluator: new Evaluator() });
  await serve({
    what: 'the scratchpad',
    host: values.ip,
    port: Number(values.port),
    flag: '--port',
    ...scratchpad,
  });
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(1);
}
