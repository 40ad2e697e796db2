// Documents to which several benches contribute: each writes a part of its own, and leaves those of the others as they are.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const MARK = /^(?=<!-- bench: )/m;

/**
 * @param path of the document
 * @param name of the part; undefined for its beginning, which no mark stands before
 */
export function writeSection(path, name, text) {
  const parts = existsSync(path) ? readFileSync(path, 'utf8').split(MARK) : [''];
  const mark = name === undefined ? '' : `<!-- bench: ${name} -->\n`;
  const at = parts.findIndex((part) =>
    name === undefined ? !part.startsWith('<!-- bench: ') : part.startsWith(mark),
  );
  const part = `${mark}${mark === '' ? '' : '\n'}${text.trimEnd()}\n`;
  if (at >= 0) parts[at] = part;
  else if (name === undefined) parts.unshift(part);
  else parts.push(part);
  const whole = parts.map((each) => each.trimEnd()).filter((each) => each !== '');
  writeFileSync(path, `${whole.join('\n\n')}\n`);
}
