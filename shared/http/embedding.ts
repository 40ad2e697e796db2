// Which other sites may show our pages, and those of sandboxes, in a frame. The browser holds it, by the directive
// `frame-ancestors` (Content Security Policy Level 3 §6.4.2): each page that the frame is in, at any depth, must be listed.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Brand, OWN_BRAND } from '../brand/brand.ts';
import { type ConfigOf, inGroup, list, live, option } from '../config/option.ts';
import { EMBED_ORIGIN, isEmbedOrigin, MAX_EMBED_ORIGINS } from '../protocol/embed-origins.ts';
import { type TimedPart, TimedResponse } from '../reader-times/server-timing.ts';

const origins = list(
  'origins',
  `up to ${MAX_EMBED_ORIGINS} origins such as https://www.example-journal.org, comma-separated, or *`,
  EMBED_ORIGIN,
);

export const embedOptions = inGroup('Embedding', {
  embedOrigins: {
    ...live(
      option(
        {
          ...origins,
          // What no order to a node and no report of one could hold must not start.
          schema: origins.schema.refine((all) => all.length <= MAX_EMBED_ORIGINS && all.every(isEmbedOrigin)),
        },
        [],
        'sites whose pages may show notebooks in a frame (*: any); a front with a secret tells its nodes',
      ),
    ),
    whenUnset: 'none',
  },
});
export type EmbedConfig = ConfigOf<typeof embedOptions>;

/** The policy for a page that these origins, and its own, may show in a frame. */
export function frameAncestors(origins: readonly string[]): string {
  return `frame-ancestors ${origins.includes('*') ? '*' : ["'self'", ...origins].join(' ')}`;
}

/**
 * A response that knows how its pages look, and who may show them in a frame, so that no page of ours can be sent without
 * either.
 */
class FramedResponse<Request extends IncomingMessage = IncomingMessage> extends TimedResponse<Request> {
  get framePolicy(): string {
    return frameAncestors([]);
  }

  get brand(): Brand {
    return OWN_BRAND;
  }
}

export interface OwnResponses {
  /** Asked for each page, because a front can change it at run time. */
  readonly framePolicy: () => string;
  readonly brand: Brand;
  readonly part: TimedPart;
}

/** The class of a server's responses. */
export function framedResponses({ framePolicy, brand, part }: OwnResponses): typeof FramedResponse {
  return class<Request extends IncomingMessage> extends FramedResponse<Request> {
    override get framePolicy(): string {
      return framePolicy();
    }

    override get brand(): Brand {
      return brand;
    }

    override get part(): TimedPart {
      return part;
    }
  };
}

/** The policy of a response; that of a server without a word on it is the strictest. */
export function framePolicyOf(response: ServerResponse): string {
  return response instanceof FramedResponse ? response.framePolicy : frameAncestors([]);
}

/** How the pages of a response look and speak. */
export function brandOf(response: ServerResponse): Brand {
  return response instanceof FramedResponse ? response.brand : OWN_BRAND;
}

/** Takes the directive out of a `Content-Security-Policy`, which may hold several policies. Empty where nothing is left. */
export function withoutFrameAncestors(policies: string): string {
  if (!/frame-ancestors/i.test(policies)) return policies;
  return policies
    .split(',')
    .map((policy) =>
      policy
        .split(';')
        .filter((directive) => !/^\s*frame-ancestors(?:\s|$)/i.test(directive))
        .join(';')
        .trim(),
    )
    .filter((policy) => policy !== '')
    .join(', ');
}
