import type { Columns } from '@headrace/sdk';
import { type BadCase, from, inbox } from './bad-case.ts';

const xml = (content: Parameters<typeof from>[1], columns?: Columns, more: object = {}): BadCase['make'] =>
  from('bad.xml', content, (name) =>
    inbox.xml(name, { record: 'r', ...more, ...(columns ? { columns } : {}) } as Parameters<typeof inbox.xml>[1]),
  );
const malformed = (what: string, text: string | Uint8Array, message: RegExp): BadCase => ({
  what: `XML: ${what}`,
  make: xml(text),
  error: ['HR_MALFORMED_XML', message],
});
const laughs = Array.from({ length: 9 }, (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`).join('');

export const xmlCases: readonly BadCase[] = [
  malformed('empty file', '', /bad\.xml:1: /),
  malformed('element never closed', '<x>\n<r><a>1</a>\n</x>', /bad\.xml:3: /),
  malformed('cut off', '<x>\n<r><a>1</a></r>\n<r><a', /bad\.xml:3: /),
  malformed('two roots', '<x><r><a>1</a></r></x>\n<x/>', /bad\.xml:2: /),
  malformed('attribute twice', '<x>\n<r a="1" a="2"/></x>', /bad\.xml:2: /),
  malformed('attribute without quotes', '<x><r a=1/></x>', /bad\.xml:1: /),
  malformed('bare ampersand', '<x><r><a>A & B</a></r></x>', /bad\.xml:1: /),
  malformed('entity of its own', '<!DOCTYPE x [<!ENTITY e "v">]>\n<x><r><a>&e;</a></r></x>', /bad\.xml:2: .*entit/),
  malformed(
    'entity that names a file',
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<x><r><a>&e;</a></r></x>',
    /bad\.xml:2: .*entit/,
  ),
  malformed('a billion laughs', `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]>\n<x><r><a>&l9;</a></r></x>`, /bad\.xml:2: .*entit/),
  malformed('zero byte', '<x>\n<r><a>\0</a></r></x>', /bad\.xml:2: /),
  malformed('character that XML does not know', '<x><r><a>&#1;</a></r></x>', /bad\.xml:1: /),
  malformed('nested 100,000 deep', `<x>${'<y>'.repeat(100_000)}`, /bad\.xml:1: .*500 deep/),
  malformed('CDATA never closed', '<x><r><a><![CDATA[1</a></r></x>', /bad\.xml:1: /),
  malformed('text before the document', 'oops\n<x><r/></x>', /bad\.xml:\d: text data outside/),
  {
    what: 'XML: said to be UTF-8, and is not',
    make: xml(Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\n<x><r><a>K\xf6ln</a></r></x>', 'latin1')),
    error: ['HR_ENCODING', /bad\.xml:2: the byte 0xf6 /],
  },
  {
    what: 'XML: says an encoding that nobody knows',
    make: xml('<?xml version="1.0" encoding="klingon"?><x><r/></x>'),
    error: ['HR_ENCODING', /bad\.xml .*"klingon"/],
  },
  { what: 'XML: no record', make: xml('<x><s><a>1</a></s></x>'), error: ['HR_NO_RECORDS', /bad\.xml has no element "r".*x, s, a/] },
  { what: 'XML: repeated element', make: xml('<x>\n<r><a>1</a><a>2</a></r></x>'), error: ['HR_XML_REPEATED', /bad\.xml:2: .*"a" twice/] },
  {
    what: 'XML: record of 17 MB',
    make: xml(() => `<x>\n<r><a>${'x'.repeat(17_000_000)}</a></r></x>`),
    error: ['HR_MALFORMED_XML', /bad\.xml:2: .*line 2 has more than/],
  },
  {
    what: 'XML: text for a number',
    make: xml('<x>\n<r><a>1</a></r>\n<r><a>x</a></r></x>', { a: 'int4' }),
    error: ['HR_TYPE_MISMATCH', /bad\.xml:3: column "a" is declared int4, but the value is: x/],
  },
  {
    what: 'XML: text for a number, kept aside',
    make: xml('<x>\n<r><a>1</a></r>\n<r><a>x</a></r></x>', { a: 'int4' }, { badRows: 'quarantine' }),
    quarantine: [1, [/^3 .*declared int4, but the value is: x/]],
  },
];
