// Runs a verb to its end, and returns its output and exit code.
import { tmpfleet } from '../support/tmpfleet.ts';

export interface Ended {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = tmpfleet(args, env);
  const said = { out: '', err: '' };
  child.process.stdout?.on('data', (text: string) => {
    said.out += text;
  });
  child.process.stderr?.on('data', (text: string) => {
    said.err += text;
  });
  return { code: await child.ended, ...said };
}

/** Its --json output, parsed. */
export async function runJson(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { code, out, err } = await run([...args, '--json'], env);
  if (code !== 0) throw new Error(`tmpfleet ${args.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out);
}
