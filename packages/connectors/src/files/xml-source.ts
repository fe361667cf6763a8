/**
 * XML, streamed: an element that is a record becomes one line of JSON with text values, which DuckDB then reads. Only one
 * record is held in memory. Entities of the document's own are not expanded from anywhere else.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DataError } from '@headrace/dataplane';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { openRecords } from './json-source.ts';
import type { OpenFile } from './source-file.ts';

export const openXml: OpenFile = async ({ file, url }, source, work) => {
  const copy = join(work.scratch, 'records.ndjson');
  const records = new XmlRecords(String(source.settings.record), url);
  const toLines = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for await (const chunk of chunks) {
      try {
        yield records.write(decoder.decode(chunk, { stream: true }));
      } catch (error) {
        if (error instanceof DataError) throw error;
        throw new DataError('HR_MALFORMED_XML', `${url}:${records.line}: the file is not UTF-8`, { cause: error });
      }
    }
    yield records.end();
  };
  await pipeline(createReadStream(file), toLines, createWriteStream(copy), { signal: work.signal });
  if (records.found === 0) {
    throw new DataError(
      'HR_NO_RECORDS',
      `${url} has no element "${String(source.settings.record)}". Its elements are ${[...records.elements].slice(0, 20).join(', ')}`,
    );
  }
  return openRecords(copy, 'newline_delimited', url, source, work);
};

/** Turns chunks of a document into lines of records. */
class XmlRecords {
  readonly #parser: SaxesParser;
  readonly #path: readonly string[];
  readonly #url: string;
  readonly #open: string[] = [];
  readonly elements = new Set<string>();
  found = 0;
  #recordDepth = 0;
  #record: Record<string, string> = {};
  #text: { value: string; hasChildren: boolean }[] = [];
  #lines: string[] = [];

  constructor(record: string, url: string) {
    this.#path = record.split('/').filter((part) => part !== '');
    this.#url = url;
    this.#parser = new SaxesParser({ position: true });
    this.#parser.on('error', (error) => {
      throw new DataError('HR_MALFORMED_XML', `${url}:${this.line}: ${error.message.replace(/^.*?\d+:\d+: /, '')}`);
    });
    this.#parser.on('opentag', (tag) => this.#openTag(tag as SaxesTagPlain));
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
    this.#parser.on('closetag', () => this.#closeTag());
  }

  get line(): number {
    return this.#parser.line;
  }

  write(chunk: string): string {
    this.#parser.write(chunk);
    return this.#take();
  }

  end(): string {
    this.#parser.close();
    return this.#take();
  }

  #take(): string {
    const lines = this.#lines.join('');
    this.#lines = [];
    return lines;
  }

  #openTag(tag: SaxesTagPlain): void {
    this.#open.push(tag.name);
    if (this.elements.size < 100) this.elements.add(tag.name);
    if (this.#recordDepth === 0) {
      if (!this.#isRecord()) return;
      this.#recordDepth = this.#open.length;
      this.#record = {};
    }
    const parent = this.#text.at(-1);
    if (parent) parent.hasChildren = true;
    this.#text.push({ value: '', hasChildren: false });
    const name = this.#open.slice(this.#recordDepth).join('.');
    for (const [attribute, value] of Object.entries(tag.attributes)) this.#set(name === '' ? attribute : `${name}.${attribute}`, value);
  }

  #isRecord(): boolean {
    const offset = this.#open.length - this.#path.length;
    return offset >= 0 && this.#path.every((part, index) => this.#open[offset + index] === part);
  }

  #addText(text: string): void {
    const current = this.#text.at(-1);
    if (current) current.value += text;
  }

  #closeTag(): void {
    const text = this.#text.pop();
    if (text && (this.#open.length > this.#recordDepth ? !text.hasChildren : text.value.trim() !== '')) {
      // Text of the record itself has no name of its own.
      this.#set(this.#open.slice(this.#recordDepth).join('.') || '_text', text.value);
    }
    if (this.#recordDepth === this.#open.length && this.#recordDepth > 0) {
      this.#lines.push(`${JSON.stringify(this.#record)}\n`);
      this.found += 1;
      this.#recordDepth = 0;
    }
    this.#open.pop();
  }

  #set(name: string, value: string): void {
    if (Object.hasOwn(this.#record, name)) {
      throw new DataError(
        'HR_XML_REPEATED',
        `${this.#url}:${this.line}: the record has "${name}" twice. Choose the repeated element as the record`,
      );
    }
    this.#record[name] = value;
  }
}
