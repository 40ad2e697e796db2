// `tmpfleet embed`: prints what to paste into an article, for a front, a path and a label.
import { type Command, Option } from 'commander';
import { request } from 'undici';
import { EMBED_PATH, identify } from '../../redirector/embed/script.ts';
import { FleetError } from '../../shared/errors.ts';
import { explainUnreachable, FRONT_LISTENER } from '../../shared/http/network-errors.ts';
import { escapeHtml } from '../../shared/http/page.ts';
import { readBytes } from '../../shared/http/read-body.ts';
import { EMBED_WORDS } from '../../shared/words/embed.ts';
import { LANGUAGES } from '../../shared/words/language.ts';
import { CommandError, EXIT, reportFailure } from '../terminal/exit.ts';

const ASK_MS = 10_000;
/** Ten times the script. */
const SCRIPT_LIMIT = { bytes: 100_000, what: 'the script' };

interface Flags {
  readonly front: string;
  readonly label: string | undefined;
  readonly title: string | undefined;
  readonly lang: string | undefined;
  readonly into: string | undefined;
  readonly button: string | undefined;
  readonly integrity?: boolean;
  readonly check: boolean;
  readonly json?: boolean;
}

export function addEmbedCommand(command: Command): void {
  command
    .argument('[path]', 'what to open, as in its address: /notebooks/intro.ipynb', '/')
    .requiredOption(
      '--front <url>',
      'public address of the front, as readers reach it: https://try.example.org',
    )
    .option('--label <text>', 'text of the button (default: by the language of the page)')
    .option('--title <text>', 'heading of the lightbox (default: the label)')
    .addOption(
      new Option('--lang <tag>', 'language of button and lightbox (default: that of the page)').choices(
        LANGUAGES,
      ),
    )
    .option(
      '--button <selector>',
      'an element of the page that opens the notebook, in place of a button of ours',
    )
    .option('--into <selector>', 'an element of the page that the notebook fills, in place of a lightbox')
    .option('--integrity', "pin the script's content: a browser then refuses it after an update of the front")
    .option('--no-check', 'do not ask the front whether it is there and serves the script')
    .option('--json', 'print JSON, for scripts')
    .addHelpText(
      'after',
      `
The front must list the site of the article, or the page shows nothing: --embed-origins https://www.example-journal.org

  tmpfleet embed /notebooks/intro.ipynb --front https://try.example.org --label "Try it"`,
    )
    .action(async (path: string) => {
      try {
        const flags = command.opts<Flags>();
        const address = addressOf(path, flags.front);
        const script = flags.check || flags.integrity === true ? await askFront(address) : undefined;
        const html = snippet(address, flags, script);
        const shown = { front: address.origin, path: pathOf(address), html, ...script };
        process.stdout.write(flags.json === true ? `${JSON.stringify(shown, undefined, 2)}\n` : `${html}\n`);
        process.exitCode = EXIT.ok;
      } catch (error) {
        process.exitCode = reportFailure(error);
      }
    });
}

/** @throws FleetError `bad-config` */
function addressOf(path: string, front: string): URL {
  const isFront =
    URL.canParse(front) && /^https?:$/.test(new URL(front).protocol) && new URL(front).pathname === '/';
  if (!isFront) {
    throw new FleetError(
      'bad-config',
      `--front: invalid value ${JSON.stringify(front)}; expected an address without a path`,
      {
        remedy: 'for example https://try.example.org',
      },
    );
  }
  if (!/^\/(?!\/)/.test(path)) {
    throw new FleetError(
      'bad-config',
      `path: invalid value ${JSON.stringify(path)}; expected one that begins with a slash`,
      {
        remedy: 'for example /notebooks/intro.ipynb',
      },
    );
  }
  const address = new URL(path, front);
  // Browsers take a backslash for a slash, so a path may still name another host.
  if (address.origin === new URL(front).origin) return address;
  throw new FleetError(
    'bad-config',
    `path: invalid value ${JSON.stringify(path)}; it leads to ${address.host}`,
  );
}

function pathOf({ pathname, search, hash }: URL): string {
  return pathname + search + hash;
}

/** @throws CommandError when the front does not answer, or not with the script */
async function askFront(address: URL): Promise<{ readonly version: string; readonly integrity: string }> {
  const url = new URL(EMBED_PATH, address).href;
  const { status, body } = await read(url).catch((error: unknown) => {
    if (error instanceof FleetError)
      throw new CommandError(EXIT.refused, error.code, `${url}: ${error.message}`);
    const { message, remedy } = explainUnreachable(error, url, FRONT_LISTENER);
    throw new CommandError(EXIT.unreachable, 'unavailable', message, {
      remedy: `${remedy} --no-check prints the snippet all the same`,
    });
  });
  if (body !== undefined) return identify(body);
  throw new CommandError(
    EXIT.refused,
    'unavailable',
    `${url} is no script of a tmpfleet front (status ${status})`,
    {
      remedy:
        'is --front the public address of a front, of this version? --no-check prints the snippet all the same',
    },
  );
}

/** The body, if it is a script. Redirects are not followed: a page that loads the script would be asked to allow both hosts. */
async function read(url: string): Promise<{ readonly status: number; readonly body: Buffer | undefined }> {
  const answer = await request(url, { signal: AbortSignal.timeout(ASK_MS) });
  const isScript =
    answer.statusCode === 200 && String(answer.headers['content-type']).startsWith('text/javascript');
  if (isScript) return { status: 200, body: await readBytes(answer.body, SCRIPT_LIMIT) };
  // Not to be read to its end, which may be far.
  answer.body.on('error', () => undefined).destroy();
  return { status: answer.statusCode, body: undefined };
}

function snippet(
  address: URL,
  { label, title, lang, into, button, integrity }: Flags,
  script: { readonly version: string; readonly integrity: string } | undefined,
): string {
  const pinned = integrity === true && script !== undefined;
  const attributes: Readonly<Record<string, string | undefined>> = {
    src: `${address.origin}${EMBED_PATH}${pinned ? `?v=${script.version}` : ''}`,
    integrity: pinned ? script.integrity : undefined,
    crossorigin: pinned ? 'anonymous' : undefined,
    'data-path': pathOf(address),
    'data-label': label,
    'data-title': title,
    'data-lang': lang,
    'data-button': button,
    'data-into': into,
  };
  const given = Object.entries(attributes)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}="${escapeHtml(value)}"`);
  const words = label ?? EMBED_WORDS[LANGUAGES.find((each) => each === lang) ?? 'en'].label;
  return `<script ${given.join(' ')}></script>
<noscript><a href="${escapeHtml(address.href)}">${escapeHtml(words)}</a></noscript>`;
}
