/** Whatever is done to a log, the check of its chain finds it: thousands of logs and of ways to tamper with them. */
import { type AuditEntry, type AuditRecord, auditHash, auditText, ChainCheck, FIRST_HASH, FORGET_AUDIT } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';

type Pick = (below: number) => number;

/** The same numbers for the same seed. */
function random(seed: number): Pick {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

const TEXTS = ['', 'ada', 'Ünï', '"', '\\', '\n', '😀', '\u2028', '{"a":1}', 'x'.repeat(300)];

function chained(entries: readonly AuditEntry[], from = { id: '0', hash: FIRST_HASH }): AuditRecord[] {
  let { id, hash } = from;
  return entries.map((entry) => {
    id = String(Number(id) + 1);
    const text = auditText(entry);
    hash = auditHash(hash, id, text);
    return { id, hash, text, entry };
  });
}

function randomLog(pick: Pick): AuditRecord[] {
  const text = () => TEXTS[pick(TEXTS.length)] ?? '';
  const entries = Array.from({ length: 2 + pick(12) }, (_, at) => ({
    at,
    actor_kind: 'user' as const,
    actor: text(),
    action: `a${pick(3)}`,
    outcome: 'allowed' as const,
    parameters: { b: text(), a: [pick(9), text()] },
  }));
  return chained(entries);
}

function check(records: readonly AuditRecord[], checked = new ChainCheck()): ChainCheck {
  for (const record of records) checked.push(record);
  return checked;
}

const endOf = (log: readonly AuditRecord[]) => ({ headId: log.at(-1)?.id ?? '0', headHash: log.at(-1)?.hash ?? FIRST_HASH });

const TAMPER: Readonly<Record<string, (log: AuditRecord[], pick: Pick) => AuditRecord[]>> = {
  'changes a character': (log, pick) => {
    const at = pick(log.length);
    const one = log[at] as AuditRecord;
    const place = pick(one.text.length);
    const text = `${one.text.slice(0, place)}${one.text[place] === 'q' ? 'r' : 'q'}${one.text.slice(place + 1)}`;
    return log.with(at, { ...one, text });
  },
  'changes an entry with its hash': (log, pick) => {
    const at = pick(log.length);
    const one = log[at] as AuditRecord;
    const entry: AuditEntry = { ...one.entry, actor: 'eve' };
    const text = auditText(entry);
    return log.with(at, { id: one.id, entry, text, hash: auditHash(log[at - 1]?.hash ?? FIRST_HASH, one.id, text) });
  },
  'removes one': (log, pick) => log.toSpliced(pick(log.length), 1),
  'removes one and numbers the rest anew': (log, pick) =>
    log.toSpliced(pick(log.length), 1).map((one, at) => ({ ...one, id: String(at + 1) })),
  'inserts a copy': (log, pick) => log.toSpliced(pick(log.length), 0, log[pick(log.length)] as AuditRecord),
  'moves one': (log, pick) => {
    const from = pick(log.length);
    const to = (from + 1 + pick(log.length - 1)) % log.length;
    return log.toSpliced(from, 1).toSpliced(to, 0, log[from] as AuditRecord);
  },
  'exchanges two that keep their numbers': (log, pick) => {
    const a = pick(log.length);
    const b = (a + 1 + pick(log.length - 1)) % log.length;
    const [one, other] = [log[a] as AuditRecord, log[b] as AuditRecord];
    return log.with(a, { ...other, id: one.id }).with(b, { ...one, id: other.id });
  },
  'cuts the end off': (log, pick) => log.slice(0, pick(log.length)),
};

describe('the chain of the audit log', () => {
  test('holds where nobody touched it', () => {
    for (let seed = 0; seed < 200; seed++) {
      const log = randomLog(random(seed));
      const { headId: id, headHash: hash } = endOf(log);
      expect(check(log).end(endOf(log))).toEqual({ ok: true, entries: log.length, head: { id, hash } });
    }
  });

  test.each(Object.keys(TAMPER))('finds out who %s', (how) => {
    for (let seed = 0; seed < 400; seed++) {
      const pick = random(seed);
      const log = randomLog(pick);
      const tampered = TAMPER[how]?.(log, pick) ?? log;
      expect({ seed, ok: check(tampered).end(endOf(log)).ok }).toEqual({ seed, ok: false });
    }
  });

  test('that was made anew from some entry on shows to whoever has noted a later one', () => {
    for (let seed = 0; seed < 100; seed++) {
      const pick = random(seed);
      const log = randomLog(pick);
      const at = pick(log.length);
      const forged = chained(log.map(({ entry }, index) => (index === at ? { ...entry, actor: 'eve' } : entry)));
      const noted = log[at + pick(log.length - at)] as AuditRecord;
      expect({ seed, ok: check(log, new ChainCheck(undefined, noted)).end().ok }).toEqual({ seed, ok: true });
      expect({ seed, ok: check(forged, new ChainCheck(undefined, noted)).end().ok }).toEqual({ seed, ok: false });
    }
  });

  test('may begin later only where an entry tells of it; an export may begin anywhere', () => {
    const log = randomLog(random(7));
    const [anchor, ...rest] = log as [AuditRecord, ...AuditRecord[]];
    const parameters = { through: anchor.id, hash: anchor.hash };
    const told = chained([{ at: 1, actor_kind: 'housekeeping', action: FORGET_AUDIT, outcome: 'allowed', parameters }], log.at(-1));
    expect(check([...rest, ...told], new ChainCheck(anchor)).end().ok).toBe(true);
    expect(check(rest, new ChainCheck(anchor)).end().ok).toBe(false);
    const exported = ChainCheck.from(rest[0] as AuditRecord);
    expect(check(rest.slice(1), exported).end()).toMatchObject({ ok: true, entries: rest.length });
  });

  test('says what was wrong first', () => {
    const log = randomLog(random(3));
    const wrong = 'Entry 3 comes after 1: 2 is missing or out of order';
    expect(check(log.toSpliced(1, 1)).end(endOf(log))).toMatchObject({ ok: false, id: '3', wrong });
  });
});
