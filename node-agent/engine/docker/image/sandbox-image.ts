// The image that sandboxes are made from, pulled when needed, and the user that its sandboxes run as.
import type Dockerode from 'dockerode';
import { describeError, FleetError } from '../../../../shared/errors.ts';
import type { EngineContext } from '../../engine.ts';
import { LABELS } from '../names.ts';
import type { DockerConfig } from '../options.ts';
import { type ImageFacts, inspectImage, withTag } from './image.ts';
import { findInPasswd, type PasswdEntry, readPasswd, resolveUser, type SandboxUser } from './image-user.ts';
import { pullImage } from './pull.ts';
import { readRegistryAuth } from './registry-auth.ts';

export class SandboxImage {
  /** With a tag. */
  readonly reference: string;
  readonly #docker: Dockerode;
  readonly #config: DockerConfig;
  readonly #context: EngineContext;
  #known: { readonly image: string; readonly user: SandboxUser } | undefined;

  constructor(docker: Dockerode, config: DockerConfig, context: EngineContext) {
    this.reference = withTag(config.image);
    this.#docker = docker;
    this.#config = config;
    this.#context = context;
  }

  /**
   * Makes sure that the image exists, and pulls it where that is allowed. A node must come back after a reboot while the
   * registry is down, so an image on this host is enough.
   * @throws FleetError `image-missing`, `bad-config` when the user of its sandboxes cannot be determined
   */
  async ensure(signal: AbortSignal): Promise<void> {
    const { pull } = this.#config;
    const { logger } = this.#context;
    const present = await this.inspect().catch((error: unknown) => {
      if (pull !== 'never' && error instanceof FleetError && error.code === 'image-missing') return undefined;
      throw error;
    });
    if (present === undefined || pull === 'always') {
      logger.info({ image: this.reference }, 'pulling the image');
      await this.pull(signal).catch((error: unknown) => {
        if (present === undefined) throw error;
        logger.warn({ error: describeError(error) }, 'the pull failed; using the image on this host');
      });
    }
    await this.userFor(await this.inspect());
  }

  /** Asks the registry for the newest image, unless the options forbid pulls. */
  async pull(signal: AbortSignal): Promise<void> {
    if (this.#config.pull === 'never') return;
    const { reference } = this;
    const onProgress = (progress: string): void =>
      this.#context.logger.info({ image: reference, progress }, 'pulling the image');
    const { registryAuth } = this.#config;
    // Read each time: registries give out passwords that end after hours.
    const credentials = registryAuth === '' ? undefined : readRegistryAuth(registryAuth, reference);
    await pullImage(this.#docker, { reference, credentials, closing: signal, onProgress });
  }

  /** @param id of the image wanted; without it, or when that image is gone, the one that the reference means now */
  async inspect(id?: string): Promise<ImageFacts> {
    if (id === undefined) return inspectImage(this.#docker, this.reference);
    return inspectImage(this.#docker, id).catch((error: unknown) => {
      if (error instanceof FleetError && error.code === 'image-missing') return this.inspect();
      throw error;
    });
  }

  async userFor(image: ImageFacts): Promise<SandboxUser> {
    if (this.#known?.image !== image.id) {
      const labels = { [LABELS.node]: this.#context.nodeId };
      const lookUp = async (user: string): Promise<PasswdEntry | undefined> =>
        findInPasswd(await readPasswd(this.#docker, image.id, labels), user);
      const user = await resolveUser(this.#config.sandboxUser, image.user, lookUp);
      // An id that the image does not know would be in the group of root; so the group is that of the image's user.
      const isGroupNeeded = user.gid === undefined && this.#config.uidRange !== 'off';
      const gid = isGroupNeeded ? (await lookUp(String(user.uid)).catch(noneIfUnreadable))?.gid : user.gid;
      this.#known = { image: image.id, user: { ...user, gid } };
    }
    return this.#known.user;
  }
}

/** An image need not have an /etc/passwd. */
function noneIfUnreadable(error: unknown): undefined {
  if (error instanceof FleetError && error.code === 'bad-config') return undefined;
  throw error;
}
