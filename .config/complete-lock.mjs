// Completes package-lock.json after `npm install` against a registry that holds only some platforms' binaries.
//
// npm leaves an optional dependency that it cannot find out of the lock file without a word, and afterwards `npm ci` refuses
// the lock file everywhere because the entry is missing. The entry is all that is missing: its version stands, exactly, in the
// package that asks for it, and its platform in its name. Such entries have no integrity; any later `npm install` against a
// registry that has the package adds it. tests/architecture/lock-file.test.ts sees that nothing is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const added = [];
for (const [parent, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (parent === '' || isLocked(parent, name)) continue;
    lock.packages[`node_modules/${name}`] = { version: exact(name, version), ...platformOf(name), ...(dev ? { dev } : {}), optional: true };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added.length} entries added`);

/** Whether Node's way up from the parent's folder meets the package. */
function isLocked(parent, name) {
  for (let place = parent; place !== ''; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${place}/node_modules/${name}`] !== undefined) return true;
  }
  return lock.packages[`node_modules/${name}`] !== undefined;
}

function exact(name, version) {
  if (!/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version)) throw new Error(`${name}@${version} is not an exact version: lock it by hand`);
  return version;
}

/** The fields by which npm knows on which machines to install it. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  if (os.length !== 1 || cpu.length > 1) throw new Error(`the platform of ${name} cannot be told from its name: lock it by hand`);
  const libc =
    os[0] !== 'linux'
      ? []
      : words.some((word) => word.startsWith('musl'))
        ? ['musl']
        : words.some((word) => /^gnu/.test(word))
          ? ['glibc']
          : [];
  return { ...(cpu.length > 0 ? { cpu } : {}), ...(libc.length > 0 ? { libc } : {}), os };
}
