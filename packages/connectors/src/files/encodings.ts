/**
 * Text of any encoding as UTF-8, as a stream.
 *
 * D1. A byte that is no text in its encoding is an error that names line and byte, or is marked: as the byte 0xFF, which no UTF-8 has and
 *     which the reader of the lines then finds itself.
 * D2. Blocks are cut where no character spans the cut, so that each can be decoded, and looked into, by itself.
 */
import { isUtf8 } from 'node:buffer';
import { DataError } from '@headrace/dataplane';

/** Longer stretches without a place to cut are no text. */
const LONGEST_BLOCK = 32 * 1024 * 1024;
const LINE_FEED = 0x0a;
/** The bytes that Windows-1252 leaves free. */
const FREE_IN_1252 = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

interface Decoder {
  readonly name: string;
  /** Throws when the block is not text. */
  decode(block: Buffer): Buffer;
  /** Whether it is text, or would be if it went on. */
  isBeginning(block: Buffer): boolean;
  /** Bytes of the block that can be decoded now: no character begins in them and ends behind. */
  cut(block: Buffer): number;
}

/** The name by which a label is known, for example `windows-1252`. Throws DataError HR_ENCODING for an unknown one. */
function decoderOf(label: string, where: string): Decoder {
  const name = label.toLowerCase();
  if (['latin1', 'latin-1', 'iso-8859-1', 'iso8859-1', 'us-ascii', 'ascii'].includes(name)) {
    const isBeginning = (block: Buffer): boolean => !name.endsWith('ascii') || block.every((byte) => byte <= 0x7f);
    return { name, cut: whole, isBeginning, decode: (block) => (isBeginning(block) ? Buffer.from(block.toString('latin1')) : refuse()) };
  }
  let known: string;
  try {
    known = new TextDecoder(label, { fatal: true }).encoding;
  } catch {
    throw new DataError(
      'HR_ENCODING',
      `${where} is said to be encoded as "${label}", which is not known. Use a name such as utf-8, windows-1252 or shift_jis`,
    );
  }
  if (known === 'iso-2022-jp' || known === 'replacement')
    throw new DataError('HR_ENCODING', `${where}: text in "${label}" cannot be read in parts. Convert the file first`);
  const assertNoFree = (block: Buffer): void => {
    if (known === 'windows-1252' && FREE_IN_1252.some((byte) => block.includes(byte))) refuse();
  };
  const isBeginning = (block: Buffer): boolean => {
    try {
      assertNoFree(block);
      new TextDecoder(known, { fatal: true }).decode(block, { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  if (known === 'utf-8') return { name: known, cut: wholeCharacters, isBeginning, decode: (block) => (isUtf8(block) ? block : refuse()) };
  const decode = (block: Buffer): Buffer => {
    assertNoFree(block);
    return Buffer.from(new TextDecoder(known, { fatal: true, ignoreBOM: true }).decode(block));
  };
  if (known.startsWith('utf-16'))
    return { name: known, decode, isBeginning, cut: (block) => wholeUnits(block, known === 'utf-16le' ? 1 : 0) };
  const isWide = ['shift_jis', 'euc-jp', 'gbk', 'gb18030', 'big5', 'euc-kr'].includes(known);
  return { name: known, decode, isBeginning, cut: isWide ? beforeLastAscii : whole };
}

export interface Transcoding {
  readonly encoding: string;
  readonly url: string;
  /** What becomes of bytes that are no text. */
  readonly onBad: 'fail' | 'mark';
}

/** UTF-8 without a byte order mark. Throws DataError HR_ENCODING. */
export async function* transcoded(chunks: AsyncIterable<Buffer>, { encoding, url, onBad }: Transcoding): AsyncGenerator<Buffer> {
  const decoder = decoderOf(encoding, url);
  let kept: Buffer = Buffer.alloc(0);
  let offset = 0;
  let line = 1;
  let isStart = true;
  const convert = (block: Buffer): Buffer => {
    const text = decodeBlock(decoder, block, { url, onBad, offset, line });
    offset += block.length;
    for (let at = text.indexOf(LINE_FEED); at >= 0; at = text.indexOf(LINE_FEED, at + 1)) line += 1;
    const marked = isStart && text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf;
    isStart &&= text.length === 0;
    return marked ? text.subarray(3) : text;
  };
  for await (const chunk of chunks) {
    if (offset === 0 && kept.length === 0) assertOtherMark(chunk, decoder.name, url);
    const block = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const end = decoder.cut(block);
    kept = block.subarray(end);
    if (kept.length > LONGEST_BLOCK) throw notText(url, line, offset, decoder.name);
    if (end > 0) yield convert(block.subarray(0, end));
  }
  if (kept.length > 0) yield convert(kept);
}

function decodeBlock(
  decoder: Decoder,
  block: Buffer,
  at: { readonly url: string; readonly onBad: 'fail' | 'mark'; readonly offset: number; readonly line: number },
): Buffer {
  try {
    return decoder.decode(block);
  } catch {
    const parts: Buffer[] = [];
    let start = 0;
    while (start < block.length) {
      const rest = block.subarray(start);
      const good = decodable(decoder, rest);
      const text = good === 0 ? Buffer.alloc(0) : decoder.decode(rest.subarray(0, good));
      parts.push(text);
      if (good === rest.length) break;
      if (at.onBad === 'fail') {
        const line = Buffer.concat(parts).toString('latin1').split('\n').length - 1 + at.line;
        throw notText(at.url, line, at.offset + start + good, decoder.name, rest[good]);
      }
      parts.push(Buffer.of(0xff));
      start += good + (decoder.name.startsWith('utf-16') ? 2 : 1);
    }
    return Buffer.concat(parts);
  }
}

/** How many bytes from the start are text. */
function decodable(decoder: Decoder, block: Buffer): number {
  if (isText(decoder, block)) return block.length;
  let good = 0;
  let bad = block.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decoder.isBeginning(block.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  // The last of them may be the beginning of a character that goes on with the bad byte.
  while (good > 0 && !isText(decoder, block.subarray(0, good))) good -= 1;
  return good;
}

function isText(decoder: Decoder, block: Buffer): boolean {
  try {
    decoder.decode(block);
    return true;
  } catch {
    return false;
  }
}

function notText(url: string, line: number, offset: number, encoding: string, byte?: number): DataError {
  const what = byte === undefined ? 'what stands' : `the byte 0x${byte.toString(16).padStart(2, '0')}`;
  return new DataError(
    'HR_ENCODING',
    `${url}:${line}: ${what} at byte ${offset + 1} is no text in ${encoding}. Say the file's encoding, for example encoding: 'windows-1252', or have the file corrected`,
  );
}

/** A mark at the beginning that says something else. */
function assertOtherMark(chunk: Buffer, encoding: string, url: string): void {
  const mark = chunk.subarray(0, 2).toString('hex');
  const marked = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : undefined;
  if (marked !== undefined && encoding === 'utf-8')
    throw new DataError(
      'HR_ENCODING',
      `${url}:1: the file begins with the mark of ${marked}, but is read as utf-8. Say encoding: '${marked}'`,
    );
}

function refuse(): never {
  throw new RangeError('not text');
}

function whole(block: Buffer): number {
  return block.length;
}

/** Behind the last byte that is no part of a longer character in any of the encodings. */
function beforeLastAscii(block: Buffer): number {
  for (let at = block.length - 1; at >= 0; at -= 1) if ((block[at] as number) < 0x30) return at + 1;
  return 0;
}

/** Before a character of UTF-8 whose other bytes are still to come. */
function wholeCharacters(block: Buffer): number {
  for (let back = 1; back <= Math.min(3, block.length); back += 1) {
    const byte = block[block.length - back] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? block.length - back : block.length;
  }
  return block.length;
}

function wholeUnits(block: Buffer, high: 0 | 1): number {
  const even = block.length - (block.length % 2);
  const last = block[even - 2 + high];
  return last !== undefined && last >= 0xd8 && last <= 0xdb ? even - 2 : even;
}
