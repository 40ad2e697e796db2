// The sites that may show notebooks in a frame, as a front and its nodes name them (`--embed-origins`).

/** Also `https://*.example.org` and `https://example.org:*`, as in a `frame-ancestors` directive. Nothing in it may end the directive. */
export const EMBED_ORIGIN = /^(?:\*|https?:\/\/(?:\*\.)?[A-Za-z0-9.-]+(?::(?:\d{1,5}|\*))?)$/;

/** Most origins of one fleet: they are in every response. */
export const MAX_EMBED_ORIGINS = 64;

export const isEmbedOrigin = (text: string): boolean => text.length <= 255 && EMBED_ORIGIN.test(text);
