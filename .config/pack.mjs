// npm run pack [-- <folder>]: tarballs of all packages, as `npm publish` takes them. Default folder: dist/packages.
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stagePackage } from './published-package.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(root, 'dist/packages'));
const places = globSync('{packages,apps}/*/package.json', { cwd: root }).map(dirname).sort();
const published = places.filter((place) => JSON.parse(readFileSync(join(root, place, 'package.json'), 'utf8')).published !== false);

const tsc = join(root, 'node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-b', ...published], { cwd: root, stdio: 'inherit' });
mkdirSync(target, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'headrace-pack-'));
try {
  const folders = published.map((place) => {
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
  const packed = Object.values(JSON.parse(answer));
  for (const { filename, entryCount, size } of packed) console.log(`${filename}  ${entryCount} files  ${Math.ceil(size / 1024)} KiB`);
  console.log(`${packed.length} packages in ${target}`);
} finally {
  rmSync(staging, { recursive: true, force: true });
}
