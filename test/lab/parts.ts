// The real parts that suites may need, and their making: once before all suites, only those that a suite names.
import { ensureChromium } from './chromium.ts';
import { ensureDebianRoot } from './debian/root.ts';
import { type DockerLab, startDocker } from './docker/docker.ts';
import { importJupyter, importTiny, TINY_COMMAND } from './images/images.ts';
import { LAB, NOTEBOOK, NOTEBOOK7 } from './images/jupyter-image.ts';
import { whyNoPackages } from './install.ts';
import { ensureNode24 } from './node24.ts';
import { unpackNpmPackage } from './npm-package.ts';
import { ensurePromtool } from './prometheus.ts';
import { reapStale } from './reap.ts';
import { ensureRedis } from './redis.ts';
import { ensureRegistry } from './registry.ts';
import { messageOf, progress } from './run.ts';
import { ensureSphinx } from './sphinx.ts';
import { ensureTerminal } from './terminal.ts';

const THEBE_VERSION = '0.9.3';

/** Plain data: it is passed from the process that prepares to those that test. */
export interface Parts {
  /** An engine for all suites of the run, whose bridges are the machine's own. Suites leave nothing behind in it. */
  readonly docker: {
    readonly socketPath: string;
    /** In the form of --docker-host. */
    readonly host: string;
    readonly tinyImage: string;
    /** For --command. */
    readonly tinyCommand: string;
  };
  /** In the engine of `docker`, which need not be named as well. */
  readonly jupyter: { readonly image: string };
  /** The same with JupyterLab in place of the classic Notebook. */
  readonly jupyterlab: { readonly image: string };
  /** With Notebook 7, of Debian's testing. */
  readonly notebook7: { readonly image: string };
  readonly chromium: { readonly executablePath: string };
  readonly node24: { readonly executablePath: string };
  readonly promtool: { readonly executablePath: string };
  /** For `openTerminal`. */
  readonly terminal: { readonly executablePath: string };
  /** What the npm package publishes. */
  readonly thebe: { readonly dir: string };
  /** Makes pages of Markdown. */
  readonly sphinx: { readonly executablePath: string };
  /** For `startRedis`. */
  readonly redis: { readonly executablePath: string };
  /** For `startRegistry`. */
  readonly registry: { readonly executablePath: string };
  /** Root file system for `startDebianHosts`; need not be passed on. */
  readonly debian: { readonly root: string };
}

export type PartName = keyof Parts;

export type PartReport<Name extends PartName> =
  | { readonly available: true; readonly part: Parts[Name] }
  | { readonly available: false; readonly reason: string };

/** The parts that were requested. */
export type LabReport = { readonly [Name in PartName]?: PartReport<Name> };

export interface PreparedLab {
  readonly report: LabReport;
  stop(): Promise<void>;
}

/** In the engine of `docker`. */
const IMAGES = { jupyter: NOTEBOOK, jupyterlab: LAB, notebook7: NOTEBOOK7 } as const;
type ImageName = keyof typeof IMAGES;

/** How the others are made, in this order. */
const MAKERS: { readonly [Name in Exclude<PartName, 'docker' | ImageName>]: () => Promise<Parts[Name]> } = {
  chromium: async () => ({ executablePath: await ensureChromium() }),
  node24: async () => ({ executablePath: await ensureNode24() }),
  promtool: async () => ({ executablePath: await ensurePromtool() }),
  terminal: async () => ({ executablePath: await ensureTerminal() }),
  thebe: async () => ({ dir: await unpackNpmPackage('thebe', THEBE_VERSION) }),
  sphinx: async () => ({ executablePath: await ensureSphinx() }),
  redis: async () => ({ executablePath: await ensureRedis() }),
  registry: async () => ({ executablePath: await ensureRegistry() }),
  debian: async () => ({ root: await ensureDebianRoot() }),
};

/** A part that is not available is reported with the reason; nothing is thrown. */
export async function prepareParts(names: ReadonlySet<PartName>): Promise<PreparedLab> {
  const report: { [Name in PartName]?: PartReport<Name> } = {};
  let engine: DockerLab | undefined;
  const prepareDocker = async (): Promise<Parts['docker']> => {
    engine = await startDocker({ network: 'machine' });
    const tinyImage = await importTiny(engine);
    return { socketPath: engine.socketPath, host: engine.host, tinyImage, tinyCommand: TINY_COMMAND };
  };
  const prepareImage = async (name: ImageName): Promise<Parts[ImageName]> => {
    if (engine === undefined) throw new Error('there is no Docker engine');
    return { image: await importJupyter(engine, IMAGES[name]) };
  };
  const images = (Object.keys(IMAGES) as ImageName[]).filter((name) => names.has(name));
  const makeImages = async (): Promise<void> => {
    if (!names.has('docker') && images.length === 0) return;
    const docker = await attempt('docker', prepareDocker);
    report.docker = docker;
    for (const name of images) {
      report[name] = docker.available ? await attempt(name, () => prepareImage(name)) : docker;
    }
  };
  const makeOthers = async (): Promise<void> => {
    for (const name of (Object.keys(MAKERS) as (keyof typeof MAKERS)[]).filter((each) => names.has(each))) {
      // TypeScript cannot follow through a loop that each maker makes the part of its own name.
      Object.assign(report, { [name]: await attempt<unknown>(name, MAKERS[name]) });
    }
  };
  // Two at a time, as there are two cores. Where both install packages, one waits for the other.
  await Promise.all([makeImages(), makeOthers()]);
  return {
    report,
    stop: async () => {
      await engine?.stop();
      // Removes a suite's own engines too, if it failed before it could stop them.
      reapStale();
    },
  };
}

type Failure = { readonly available: false; readonly reason: string };

async function attempt<T>(
  name: PartName,
  prepare: () => Promise<T>,
): Promise<{ readonly available: true; readonly part: T } | Failure> {
  const started = performance.now();
  const why = name === 'docker' || name === 'debian' ? whyNoPackages() : undefined;
  if (why !== undefined) return { available: false, reason: `${name}: ${why}` };
  try {
    const part = await prepare();
    progress(`${name} is ready (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    return { available: true, part };
  } catch (error) {
    return { available: false, reason: `${name}: ${messageOf(error).replaceAll('\n', ' | ')}` };
  }
}
