/**
 * Which objects a caller may see, as it goes into the queries of lists.
 *
 * VI1. An object is visible when one glob of every group fits its id: groups narrow each other, as the scopes of a key narrow its owner's grants.
 * VI2. No group at all: everything is visible. A group without globs: nothing is.
 */
export type Visible = readonly (readonly string[])[];

/** A DAG's or a connection's id, or an asset's name. `*` stands for any text; everything else for itself. */
export function isVisible(visible: Visible | undefined, id: string): boolean {
  return visible === undefined || visible.every((globs) => globs.some((glob) => fitsGlob(glob, id)));
}

/** In time linear in the text for each `*`: no pattern can make it slow. */
export function fitsGlob(glob: string, text: string): boolean {
  if (!glob.includes('*')) return glob === text;
  const parts = glob.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
