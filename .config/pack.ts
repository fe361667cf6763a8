// npm run pack [-- <folder>] [--no-build]: tarballs of all packages, as `npm publish` takes them. Default folder: dist/packages.
// `--no-build` takes the declarations that the last `tsc -b` has made.
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stagePackage } from './published-package.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { positionals, values } = parseArgs({ allowPositionals: true, options: { 'no-build': { type: 'boolean', default: false } } });
const target = resolve(positionals[0] ?? join(root, 'dist/packages'));
const places = globSync('{packages,apps}/*/package.json', { cwd: root }).map(dirname).sort();

const tsc = join(root, 'node_modules/typescript/bin/tsc');
if (!values['no-build']) execFileSync(process.execPath, [tsc, '-b', ...places], { cwd: root, stdio: 'inherit' });
mkdirSync(target, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'headrace-pack-'));
try {
  const folders = places.map((place) => {
    const folder = join(staging, place);
    stagePackage(root, place, folder, { types: true });
    return folder;
  });
  // One npm for all: to start it takes longer than to pack.
  const answer = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target, ...folders], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const packed: readonly { readonly filename: string; readonly entryCount: number; readonly size: number }[] = Object.values(
    JSON.parse(answer),
  );
  for (const { filename, entryCount, size } of packed) console.log(`${filename}  ${entryCount} files  ${Math.ceil(size / 1024)} KiB`);
  console.log(`${packed.length} packages in ${target}`);
} finally {
  rmSync(staging, { recursive: true, force: true });
}
