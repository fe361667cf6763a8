/** The lists that the matrix is made of, and the choice of cells that covers their pairs. */
import type { Disposition, DispositionName } from '@headrace/sdk';

export const FORMATS = ['csv', 'csv.gz', 'ndjson', 'json', 'xml', 'parquet', 'excel'] as const;
export const ROOTS = ['local', 's3', 'sftp'] as const;
export const SOURCES = ['postgres table', 'postgres query', 'mysql', 'mysql query', 'mongodb', 'rest', 'lake', ...FORMATS] as const;
export const TARGETS = ['postgres', 'mysql', 'mongodb', 'lake local', 'lake s3', ...FORMATS] as const;

export type Format = (typeof FORMATS)[number];
export type Root = (typeof ROOTS)[number];
export type SourceName = (typeof SOURCES)[number];
export type TargetName = (typeof TARGETS)[number];

export const DISPOSITIONS: Readonly<Record<DispositionName, Disposition>> = {
  append: 'append',
  replace: 'replace',
  'replace-partition': 'replace-partition',
  merge: { merge: ['id'], deletes: { column: 'gone', mode: 'hard' } },
  scd2: { scd2: ['id'], missing: 'close' },
};

export interface Cell {
  readonly source: SourceName;
  readonly target: TargetName;
  readonly disposition: DispositionName;
  /** Of a source, and of a target, that is a file. */
  readonly from: Root;
  readonly into: Root;
  /** Through an extract's package, or straight. */
  readonly packaged: boolean;
}

export const isFormat = (name: string): name is Format => (FORMATS as readonly string[]).includes(name);

export function nameOf({ source, target, disposition, from, into, packaged }: Cell): string {
  const [left, right] = [isFormat(source) ? `${source} (${from})` : source, isFormat(target) ? `${target} (${into})` : target];
  return `${left} → ${packaged ? 'package → ' : ''}${right}, ${disposition}`;
}

/**
 * Every source × target × disposition that the target declares. Roots of files go round in both, so that every format meets every root on
 * either side; every third cell goes through a package, so that every source does.
 */
export function allCells(declared: (target: TargetName) => readonly DispositionName[]): readonly Cell[] {
  const cells: Cell[] = [];
  for (const [t, target] of TARGETS.entries()) {
    for (const [d, disposition] of declared(target).entries()) {
      for (const [s, source] of SOURCES.entries()) {
        const turn = (n: number): Root => ROOTS[n % ROOTS.length] as Root;
        cells.push({ source, target, disposition, from: turn(t + d), into: turn(s + d), packaged: (s + t + d) % 3 === 0 });
      }
    }
  }
  return cells;
}

/** What a cell covers, by name. */
function pairsOf({ source, target, disposition, from, into, packaged }: Cell): readonly string[] {
  return [
    `${source} → ${target}`,
    `${target} ${disposition}`,
    ...(isFormat(source) ? [`${source} from ${from}`] : []),
    ...(isFormat(target) ? [`${target} into ${into}`] : []),
    ...(packaged ? [`${source} packaged`] : []),
  ];
}

/** As few cells as a greedy choice needs to cover every pair that all of them cover. Always the same ones. */
export function coveringCells(all: readonly Cell[]): readonly Cell[] {
  const open = new Set(all.flatMap(pairsOf));
  const chosen: Cell[] = [];
  while (open.size > 0) {
    const gain = (cell: Cell): number => pairsOf(cell).filter((pair) => open.has(pair)).length;
    const best = all.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const pair of pairsOf(best)) open.delete(pair);
    chosen.push(best);
  }
  return chosen;
}
