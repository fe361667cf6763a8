/**
 * A document, cut into records as it comes: each is one line of JSON of its texts.
 *
 * X1. Nothing is fetched and nothing expanded: of entities only the five of XML and characters by number are known.
 * X2. Depth, record size and so memory are bounded, whatever the document says.
 */
import { DataError } from '@headrace/dataplane';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { LARGEST_RECORD } from './json-records.ts';

const DEEPEST = 500;

export interface XmlReading {
  /** The element that is a row, or the end of its path. */
  readonly record: string;
  readonly url: string;
  readonly ignoreNamespaces: boolean;
}

/** Turns chunks of a document into lines of records. */
export class XmlRecords {
  readonly #parser: SaxesParser;
  readonly #path: readonly string[];
  readonly #reading: XmlReading;
  readonly #open: string[] = [];
  /** Names of elements that came, for messages. */
  readonly elements = new Set<string>();
  /** Names of columns, in the order of their first coming. */
  readonly keys = new Set<string>();
  found = 0;
  #recordDepth = 0;
  #recordLine = 0;
  #recordSize = 0;
  #record = new Map<string, string>();
  #text: { value: string; hasChildren: boolean }[] = [];
  #lines: string[] = [];

  constructor(reading: XmlReading) {
    this.#path = reading.record.split('/').filter((part) => part !== '');
    this.#reading = reading;
    this.#parser = new SaxesParser({ position: true });
    this.#parser.on('error', (error) => {
      throw this.#fault('HR_MALFORMED_XML', error.message.replace(/^.*?\d+:\d+: /, ''));
    });
    this.#parser.on('opentag', (tag) => this.#openTag(tag as SaxesTagPlain));
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
    this.#parser.on('closetag', () => this.#closeTag());
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
    this.#open.push(this.#nameOf(tag.name));
    if (this.#open.length > DEEPEST) throw this.#fault('HR_MALFORMED_XML', `elements are nested more than ${DEEPEST} deep`);
    if (this.elements.size < 100) this.elements.add(this.#nameOf(tag.name));
    if (this.#recordDepth === 0) {
      if (!this.#isRecord()) return;
      this.#recordDepth = this.#open.length;
      this.#recordLine = this.#parser.line;
      this.#recordSize = 0;
      this.#record = new Map();
    }
    const parent = this.#text.at(-1);
    if (parent) parent.hasChildren = true;
    this.#text.push({ value: '', hasChildren: false });
    const name = this.#open.slice(this.#recordDepth).join('.');
    for (const [attribute, value] of Object.entries(tag.attributes)) {
      if (attribute === 'xmlns' || attribute.startsWith('xmlns:')) continue;
      this.#set(name === '' ? this.#nameOf(attribute) : `${name}.${this.#nameOf(attribute)}`, value);
    }
  }

  #nameOf(name: string): string {
    return this.#reading.ignoreNamespaces ? name.slice(name.indexOf(':') + 1) : name;
  }

  #isRecord(): boolean {
    const offset = this.#open.length - this.#path.length;
    return offset >= 0 && this.#path.every((part, index) => this.#open[offset + index] === part);
  }

  #addText(text: string): void {
    const current = this.#text.at(-1);
    if (!current) return;
    this.#grow(text.length);
    current.value += text;
  }

  #closeTag(): void {
    const text = this.#text.pop();
    if (text && (this.#open.length > this.#recordDepth ? !text.hasChildren : text.value.trim() !== '')) {
      // Text of the record itself has no name of its own.
      this.#set(this.#open.slice(this.#recordDepth).join('.') || '_text', text.value);
    }
    if (this.#recordDepth === this.#open.length && this.#recordDepth > 0) {
      this.#lines.push(`${JSON.stringify({ headrace_line: String(this.#recordLine), ...Object.fromEntries(this.#record) })}\n`);
      this.found += 1;
      this.#recordDepth = 0;
    }
    this.#open.pop();
  }

  #set(name: string, value: string): void {
    if (this.#record.has(name))
      throw this.#fault('HR_XML_REPEATED', `the record has "${name}" twice. Choose the repeated element as the record`);
    this.#grow(name.length + value.length);
    this.#record.set(name, value);
    this.keys.add(name);
  }

  #grow(by: number): void {
    this.#recordSize += by;
    if (this.#recordSize > LARGEST_RECORD)
      throw this.#fault(
        'HR_MALFORMED_XML',
        `the record that begins in line ${this.#recordLine} has more than ${LARGEST_RECORD} characters`,
      );
  }

  #fault(code: string, what: string): DataError {
    const entity = /entity/.test(what)
      ? '. Only &lt; &gt; &amp; &quot; &apos; and characters by number are known: entities of the document’s own are not expanded'
      : '';
    return new DataError(code, `${this.#reading.url}:${this.#parser.line}: ${what}${entity}`);
  }
}
