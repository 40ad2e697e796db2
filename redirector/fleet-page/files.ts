// The page's own files. They contain no data of the fleet, so they need no token; the API, which has the data, requires it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type Koa from 'koa';
import { PALETTE, paletteStyle } from '../../shared/brand/palette.ts';
import { wantsPage } from '../../shared/http/answer.ts';

const require = createRequire(import.meta.url);
const own = (name: string): string => fileURLToPath(new URL(`./client/${name}`, import.meta.url));
const script = (name: string): File => ({ type: 'text/javascript; charset=utf-8', path: own(name) });
const style = (path: string, before = ''): File => ({ type: 'text/css; charset=utf-8', path, before });

interface File {
  readonly type: string;
  readonly path: string;
  readonly before?: string;
}

/** The client's modules, as the compiler makes them. */
const MODULES = [
  'main',
  'api',
  'charts',
  'connection',
  'dialog',
  'dom',
  'node-row',
  'orders',
  'stream',
  'words',
];

const FILES: Readonly<Record<string, File>> = {
  '/fleet': { type: 'text/html; charset=utf-8', path: own('page.html') },
  '/fleet/style.css': style(own('style.css'), paletteStyle(PALETTE)),
  '/fleet/uplot.css': style(require.resolve('uplot/dist/uPlot.min.css')),
  '/fleet/uplot.js': { ...script(''), path: require.resolve('uplot/dist/uPlot.iife.min.js') },
  ...Object.fromEntries(MODULES.map((name) => [`/fleet/${name}.js`, script(`${name}.js`)])),
};

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
};

/**
 * Answers for the page's files, and with the page where a browser asks for `/`. To be used ahead of what refuses other
 * origins' pages: a link to the page, in a wiki, is not an attack.
 */
export function serveFiles(): Koa.Middleware {
  const read = new Map<string, Buffer>();
  return async (context, next) => {
    const isRead = context.method === 'GET' || context.method === 'HEAD';
    const path = context.path === '/' && wantsPage(context.req) ? '/fleet' : context.path;
    const file = isRead && Object.hasOwn(FILES, path) ? FILES[path] : undefined;
    if (file === undefined) {
      await next();
      return;
    }
    const body = read.get(path) ?? Buffer.from((file.before ?? '') + readFileSync(file.path, 'utf8'));
    read.set(path, body);
    context.set(HEADERS);
    if (context.path === '/') context.set('Vary', 'Accept');
    context.type = file.type;
    context.body = body;
  };
}
