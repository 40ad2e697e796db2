// Adds Node to the archive: Debian 12's own is too old, and a host should need nothing else.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LEAST = [20, 19];
/** Libraries of every Debian with a shell; libstdc++ and libgcc_s come with apt. */
const EVERYWHERE = /^(linux-vdso|ld-linux|lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s|atomic))[-.]/;
/** Places of the licence: beside a release's bin/, in the npm package `node`, and in Debian's packages. */
const LICENSES = ['../LICENSE', '../../LICENSE', '../share/doc/nodejs/LICENSE', '../share/doc/node/LICENSE'];

/** Copies the program and its licence into `bin`. @returns its version @throws Error that says which Node is suitable */
export function bringNode(path, bin) {
  const program = realpathSync(path);
  const version = ask(program, ['--version']).trim();
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
    throw new Error(`package: --node: ${program} is ${version}; tmpfleet needs ${LEAST.join('.')} or newer`);
  }
  refuseForeignLibraries(program);
  const license = LICENSES.map((where) => join(dirname(program), where)).find((where) => existsSync(where));
  if (license === undefined) {
    throw new Error(
      `package: --node: ${program} has no LICENSE beside it, which must accompany it; take a release of Node or the npm package node@24`,
    );
  }
  copyFileSync(program, join(bin, 'node'));
  copyFileSync(license, join(bin, 'node.LICENSE'));
  return version;
}

function refuseForeignLibraries(program) {
  const libraries = ask('ldd', [program])
    .split('\n')
    .map((line) =>
      line
        .trim()
        .split(/[ /]/)
        .find((word) => /^(lib|ld-|linux)/.test(word)),
    );
  const foreign = libraries.filter(
    (name) => name !== undefined && !EVERYWHERE.test(name) && !/^lib(64)?$/.test(name),
  );
  if (foreign.length > 0) {
    throw new Error(
      `package: --node: ${program} needs ${foreign.join(', ')}, which a bare host lacks; take a release of Node or the npm package node@24`,
    );
  }
}

function ask(program, args) {
  return execFileSync(program, args, { encoding: 'utf8' });
}
