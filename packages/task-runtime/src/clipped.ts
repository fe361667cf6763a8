/** Texts that were too long to be told whole. What is cut off may have been the rest of a secret, by which its beginning would be known. */
import type { Mask } from './secrets.ts';

const END = ' more characters]';
const NOTE = /… \[\d+ more characters\]$/;

export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… [${text.length - length}${END}`;
}

/** Of a text that was clipped, the end that may be the beginning of a secret is left out. */
export function maskClipped(mask: Mask): Mask {
  return (text, isCut) => {
    const note = text.endsWith(END) ? NOTE.exec(text) : null;
    return note === null ? mask(text, isCut) : `${mask(text.slice(0, note.index), true)}${note[0]}`;
  };
}
