// Runs Python in a running container, with that container's rights.
import { once } from 'node:events';
import { Writable } from 'node:stream';
import type Docker from 'dockerode';

/** What it prints. */
export async function containerPython(container: Docker.Container, code: string): Promise<string> {
  const Cmd = ['python3', '-c', code];
  const exec = await container.exec({ Cmd, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const out: Buffer[] = [];
  const drain = new Writable({
    write: (chunk: Buffer, _, done) => {
      out.push(chunk);
      done();
    },
  });
  container.modem.demuxStream(stream, drain, drain);
  await once(stream, 'end');
  return Buffer.concat(out).toString('utf8');
}
