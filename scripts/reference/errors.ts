// docs/reference/errors.md, from the table of codes.
import { ERROR_CODES, ERRORS } from '../../shared/errors.ts';
import { code, document, table } from './markdown.ts';

export function makeErrors(): string {
  const rows = ERROR_CODES.map((name) => {
    const { meaning, status, ...rest } = ERRORS[name];
    return [code(name), String(status), meaning, 'isPrivate' in rest ? 'no' : 'yes'];
  });
  return document(
    'Errors',
    `The body of every error is JSON (a reader's browser gets a page with the same words):

\`\`\`json
{ "status": "error", "code": "not-found", "message": "no node is called node7", "remedy": "tmpfleet node ls" }
\`\`\``,
    `Decide by \`code\`: codes are stable, messages are for people and may change. \`remedy\`, where it is there, says what to
do. The messages of some codes may name files or addresses of the host: they stand in the log only, and the body says which
code it was.`,
    table(['code', 'HTTP status', 'when', 'message in the body'], rows),
  );
}
