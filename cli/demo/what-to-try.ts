// What the demo prints once its fleet is up: the addresses, and commands to type.
import type { Article } from './article.ts';
import type { Child } from './child.ts';

interface DemoFleet {
  readonly url: string;
  readonly controlUrl: string;
  readonly article: Article;
  readonly nodes: readonly Child[];
  readonly ownOrigin: boolean;
  /** What a reader opens. */
  readonly path: string;
}

export function whatToTry({ url, controlUrl, article, nodes, ownOrigin, path }: DemoFleet): string {
  const [first] = nodes;
  const lines = [
    '',
    `  Click:  ${url}${path}`,
    `  Or, as readers will see it, in an article of another site:  ${article.url}/`,
    '',
    '  A click opens a sandbox, and a second click of the same browser opens that one again. What to try next:',
    `    a second reader:      open it in a private window, or another browser`,
    `    the fleet's numbers:  curl ${url}/stats`,
    `    as a program would:   curl -X POST ${url}/api/spawn   (its token opens the sandbox)`,
    `    the nodes:            npx tmpfleet node ls --front ${controlUrl}`,
    `    the fleet, live:      npx tmpfleet top --front ${controlUrl}   or, as a page, ${controlUrl}/fleet`,
  ];
  if (first !== undefined) {
    const { url: nodeUrl, controlUrl: nodeControl } = first.addresses();
    lines.push(
      `    one node, live:       ${nodeUrl}/info`,
      `    its sandboxes:        npx tmpfleet sandbox ls --node ${nodeControl}`,
      `    no new readers there: npx tmpfleet node cordon ${first.name} --front ${controlUrl}   (and uncordon)`,
      `    kill it, and look:    kill -9 ${first.pid()}`,
    );
  }
  if (ownOrigin) {
    lines.push(
      '',
      '  Each sandbox has a host name, and so an origin, of its own: http://<id>.localhost:<port>/. Chromium and Firefox',
      '  resolve such names to this machine. In a browser that does not find them, start the demo with --no-own-origin.',
    );
  }
  return [...lines, '', '  Ctrl-C stops it all and leaves nothing behind.', ''].join('\n');
}
