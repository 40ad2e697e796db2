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

/** A part that is not available is reported with the reason; nothing is thrown. */
export async function prepareParts(names: ReadonlySet<PartName>): Promise<PreparedLab> {
  let engine: DockerLab | undefined;
  const prepareDocker = async (): Promise<Parts['docker']> => {
    engine = await startDocker({ network: 'machine' });
    const tinyImage = await importTiny(engine);
    return { socketPath: engine.socketPath, host: engine.host, tinyImage, tinyCommand: TINY_COMMAND };
  };
  const prepareJupyter = async (recipe: typeof NOTEBOOK): Promise<{ readonly image: string }> => {
    if (engine === undefined) throw new Error('there is no Docker engine');
    return { image: await importJupyter(engine, recipe) };
  };
  // One after the other: two cores, and one dpkg.
  const needsDocker = (['docker', 'jupyter', 'jupyterlab', 'notebook7'] as const).some((name) =>
    names.has(name),
  );
  const docker = needsDocker ? await attempt('docker', prepareDocker) : undefined;
  const jupyter = names.has('jupyter')
    ? (missing(docker) ?? (await attempt('jupyter', () => prepareJupyter(NOTEBOOK))))
    : undefined;
  const jupyterlab = names.has('jupyterlab')
    ? (missing(docker) ?? (await attempt('jupyterlab', () => prepareJupyter(LAB))))
    : undefined;
  const notebook7 = names.has('notebook7')
    ? (missing(docker) ?? (await attempt('notebook7', () => prepareJupyter(NOTEBOOK7))))
    : undefined;
  const chromium = names.has('chromium')
    ? await attempt('chromium', async () => ({ executablePath: await ensureChromium() }))
    : undefined;
  const node24 = names.has('node24')
    ? await attempt('node24', async () => ({ executablePath: await ensureNode24() }))
    : undefined;
  const promtool = names.has('promtool')
    ? await attempt('promtool', async () => ({ executablePath: await ensurePromtool() }))
    : undefined;
  const terminal = names.has('terminal')
    ? await attempt('terminal', async () => ({ executablePath: await ensureTerminal() }))
    : undefined;
  const thebe = names.has('thebe')
    ? await attempt('thebe', async () => ({ dir: await unpackNpmPackage('thebe', THEBE_VERSION) }))
    : undefined;
  const sphinx = names.has('sphinx')
    ? await attempt('sphinx', async () => ({ executablePath: await ensureSphinx() }))
    : undefined;
  const redis = names.has('redis')
    ? await attempt('redis', async () => ({ executablePath: await ensureRedis() }))
    : undefined;
  const registry = names.has('registry')
    ? await attempt('registry', async () => ({ executablePath: await ensureRegistry() }))
    : undefined;
  const debian = names.has('debian')
    ? await attempt('debian', async () => ({ root: await ensureDebianRoot() }))
    : undefined;
  return {
    report: {
      ...(docker && { docker }),
      ...(jupyter && { jupyter }),
      ...(jupyterlab && { jupyterlab }),
      ...(notebook7 && { notebook7 }),
      ...(chromium && { chromium }),
      ...(node24 && { node24 }),
      ...(promtool && { promtool }),
      ...(terminal && { terminal }),
      ...(thebe && { thebe }),
      ...(sphinx && { sphinx }),
      ...(redis && { redis }),
      ...(registry && { registry }),
      ...(debian && { debian }),
    },
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

function missing(report: PartReport<PartName> | undefined): Failure | undefined {
  return report?.available === false ? report : undefined;
}
