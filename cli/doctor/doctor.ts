// `tmpfleet doctor`: is this host fit to be a node, or is this fleet well? Says what it found, and what to do.
import type { Command } from 'commander';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { type Finding, isWell } from '../../shared/checkup/checkup.ts';
import { systemClock } from '../../shared/clock.ts';
import { address, flag, option } from '../../shared/config/option.ts';
import { createLogger } from '../../shared/logging.ts';
import { addOptions, readOptions } from '../server/options.ts';
import { EXIT, reportFailure } from '../terminal/exit.ts';
import { SIGNS } from '../terminal/signs.ts';

const doctorOptions = {
  front: option(address(), '', 'check a fleet instead of this host: the control listener of its front'),
  url: option(
    address(),
    '',
    'with --front: public address, where the doctor takes a sandbox like a reader and leaves it again',
  ),
  json: option(flag(), false, 'print one JSON object instead of lines'),
  ...nodeAgentOptions,
};

export function addDoctorCommand(command: Command): void {
  addOptions(command, doctorOptions)
    .addHelpText(
      'after',
      `
On the host of a node, give it the options of the node-agent (or its --config): it checks what that agent would find, and
starts two temporary sandboxes to see what they can reach. It removes all that it creates.
For a fleet: tmpfleet doctor --front http://127.0.0.1:9001 --url https://try.example.org
Exit code: 0 if no check failed (warnings are possible), 1 if one failed.`,
    )
    .action(async () => {
      try {
        const { config, printed } = readOptions(doctorOptions, command, process.env);
        if (printed !== undefined) process.stdout.write(printed);
        else process.exitCode = await runDoctor(config);
      } catch (error) {
        process.exitCode = reportFailure(error);
      }
      process.exit();
    });
}

type DoctorConfig = ReturnType<typeof readOptions<typeof doctorOptions>>['config'];

async function runDoctor(config: DoctorConfig): Promise<number> {
  const { json } = config;
  const findings: Finding[] = [];
  for await (const finding of await examine(config)) {
    findings.push(finding);
    if (!json) process.stdout.write(lineOf(finding));
  }
  const ok = isWell(findings);
  process.stdout.write(json ? `${JSON.stringify({ ok, findings }, undefined, 2)}\n` : summaryOf(findings));
  return ok ? EXIT.ok : EXIT.failed;
}

/** What is asked for alone is loaded: see tmpfleet.ts. */
async function examine(config: DoctorConfig): Promise<AsyncIterable<Finding>> {
  const { front, url } = config;
  const clock = systemClock;
  if (front !== '') {
    const { examineFront } = await import('./front.ts');
    const { ControlClient } = await import('../control/client.ts');
    const client = new ControlClient({
      who: 'front',
      url: front,
      token: config.controlToken,
      tokenOrigin: config.controlToken === '' ? undefined : '--control-token-file or TMPFLEET_CONTROL_TOKEN',
    });
    return examineFront({ client, url, now: clock.now() });
  }
  const { examineHost } = await import('../../node-agent/doctor/host.ts');
  // What the parts it tries would log is in its findings; on standard output it would be in their way.
  const logger = createLogger({ name: 'doctor', level: 'silent', format: 'json' });
  return examineHost({ config, env: process.env, clock, logger });
}

const NAME_WIDTH = 18;

function lineOf({ check, level, detail, remedy }: Finding): string {
  const begin = `${level.padEnd(5)} ${check.padEnd(NAME_WIDTH)} `;
  const more = remedy === undefined ? '' : `${' '.repeat(begin.length)}${SIGNS.arrow} ${remedy}\n`;
  return `${begin}${detail}\n${more}`;
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (level: Finding['level']): number =>
    findings.filter((finding) => finding.level === level).length;
  return `\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed\n`;
}
