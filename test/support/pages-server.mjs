// A sandbox that is no notebook: pages of several kinds, each told apart by its path. Arguments: base path, address, port.
import { createServer } from 'node:http';

const [base, host, port] = process.argv.slice(2);
const FIELD =
  '<label style="position:fixed;bottom:0;left:0;width:100%">Field <input id="field" style="width:60%"></label>';
const page = (title, body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title><meta name="viewport" content="width=device-width"></head><body><main><h1>${title}</h1>${body}</main></body></html>`;
const PAGES = {
  '': page('Plain', '<p>Text with a <a href="#part">link</a>.</p>'),
  'notebooks/a b.ipynb': page('Notebook', '<p>A place.</p>'),
  form: page('Form', FIELD),
  first: page('First', `<a href="${base}second">next</a>`),
  second: page('Second', `<a href="${base}first">next</a>`),
  reloads: page('Reloads', '<script>setTimeout(() => location.reload(), 200)</script>'),
  strict: page('Strict', '<p>No scripts.</p>'),
  'no-connect': page('No connections', '<p>Scripts, and no connections.</p>'),
  frames: page('Frames', `<iframe src="${base}" title="inner" width="300" height="200"></iframe>`),
  hostile: page(
    'Hostile',
    '<style>* { display: none !important; all: unset !important }</style><p>Styled.</p>',
  ),
};
const POLICIES = {
  strict: "default-src 'none'",
  'no-connect': "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'",
};

createServer((request, response) => {
  const path = decodeURI((request.url ?? '').split('?')[0]);
  const name = path.startsWith(base) ? path.slice(base.length) : undefined;
  const text = name === undefined ? undefined : PAGES[name];
  const policy = POLICIES[name];
  response.writeHead(text === undefined ? 404 : 200, {
    'content-type': 'text/html; charset=utf-8',
    etag: '"1"',
    ...(policy === undefined ? {} : { 'content-security-policy': policy }),
  });
  response.end(text ?? 'There is nothing here.');
}).listen(Number(port), host);
