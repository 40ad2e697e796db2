// Protects a control listener from web pages: a page in a browser on this machine could otherwise post to it.
import type Koa from 'koa';
import { FleetError } from '../errors.ts';
import { isLoopback } from './serving.ts';

/**
 * Refuses requests from pages of another origin and, on loopback, requests with a host name other than ours (DNS
 * rebinding). Programs and command lines send neither.
 * @param host the address the control listener listens on
 */
export function refuseForeignPages(host: string): Koa.Middleware {
  return async (context, next) => {
    const site = context.get('sec-fetch-site');
    const origin = context.get('origin');
    const foreign = site === 'cross-site' || site === 'same-site';
    if (foreign || (origin !== '' && origin !== `${context.protocol}://${context.host}`)) {
      throw new FleetError('forbidden', 'pages of other origins cannot use this listener');
    }
    const name = context.hostname;
    if (isLoopback(host) && name !== 'localhost' && !/^[\d.]+$|:/.test(name)) {
      throw new FleetError('forbidden', `this listener is not called ${JSON.stringify(name)}`, {
        remedy: 'use its IP address, or localhost',
      });
    }
    await next();
  };
}

/** The certificate that a control listener shows: no one can listen in on loopback, where its clients use plain HTTP. */
export function controlTls<T>(host: string, certificate: T | undefined): T | undefined {
  return isLoopback(host) ? undefined : certificate;
}

/** Checks the options of a control listener: one that other machines reach needs a token. */
export function controlListenerProblems(config: {
  readonly controlHost: string;
  readonly controlToken: string;
}): readonly string[] {
  if (isLoopback(config.controlHost) || config.controlToken !== '') return [];
  return [
    `control-host: other machines reach ${JSON.stringify(config.controlHost)}, so a control token is required; set ` +
      'TMPFLEET_CONTROL_TOKEN or --control-token-file',
  ];
}
