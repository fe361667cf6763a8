import { describe, expect, test } from '@jest/globals';
import { EVERYTHING, OBJECT_KINDS, ofGrant, ofRoles, ofScope, Rights } from '../src/index.ts';

const grant = (action: 'read' | 'operate' | 'edit', object: 'dag' | 'asset' | 'connection', pattern: string) =>
  ofGrant({ action, object, pattern });

describe('rights', () => {
  test('are none where nothing was allowed', () => {
    const nobody = new Rights([]);
    for (const kind of OBJECT_KINDS) {
      expect(nobody.may('read', kind)).toBe(false);
      expect(nobody.may('read', kind, 'x')).toBe(false);
      expect(nobody.visible('read', kind)).toEqual([[]]);
    }
  });

  test('of a grant hold for the ids that fit, for what belongs to the DAG, and for lesser actions', () => {
    const rights = new Rights([grant('operate', 'dag', 'sales_*')]);
    for (const kind of ['dag', 'run', 'backfill', 'notice', 'data', 'history'] as const) {
      expect([rights.may('read', kind, 'sales_eu'), rights.may('operate', kind, 'sales_eu')]).toEqual([true, true]);
      expect([rights.may('edit', kind, 'sales_eu'), rights.may('read', kind, 'hr'), rights.may('read', kind, 'sales')]).toEqual([
        false,
        false,
        false,
      ]);
    }
    expect(rights.may('read', 'asset', 'sales_eu')).toBe(false);
    expect(rights.may('read', 'pool')).toBe(false);
    expect([rights.mayAll('read', 'dag'), rights.may('read', 'dag')]).toEqual([false, true]);
  });

  test('to what was done are of a grant on DAGs, and never to all of the log: that takes the role, or a scope on it', () => {
    const every = new Rights([grant('edit', 'dag', '*')]);
    expect([every.mayAll('read', 'history'), every.may('read', 'audit')]).toEqual([true, false]);
    const admin = ofRoles(['admin']);
    const key = (object: string) => new Rights(admin, [ofScope({ action: 'read', object, pattern: '*' })]);
    expect(
      ['dag', 'audit', '*', 'user'].map((object) => [key(object).mayAll('read', 'history'), key(object).mayAll('read', 'audit')]),
    ).toEqual([
      [true, false],
      [true, true],
      [true, true],
      [false, false],
    ]);
    for (const role of ['viewer', 'user', 'op'] as const) expect(new Rights(ofRoles([role])).may('read', 'history')).toBe(false);
  });

  test('to everything are those of an administrator, and of no key that is narrower', () => {
    const admin = ofRoles(['admin']);
    const every = ofScope({ action: 'administer', object: '*', pattern: '*' });
    expect([new Rights(EVERYTHING), new Rights(admin), new Rights(admin, [every])].every(({ mayEverything }) => mayEverything)).toBe(true);
    const narrower = [
      new Rights([]),
      new Rights(ofRoles(['op', 'user', 'viewer'])),
      new Rights(admin, [ofScope({ action: 'edit', object: '*', pattern: '*' })]),
      new Rights(admin, [ofScope({ action: 'administer', object: 'dag', pattern: '*' })]),
      new Rights(admin, [ofScope({ action: 'administer', object: '*', pattern: 'sales_*' })]),
      new Rights(ofRoles(['op']), [every]),
    ];
    expect(narrower.some(({ mayEverything }) => mayEverything)).toBe(false);
  });

  test('add up over roles and grants', () => {
    const rights = new Rights([...ofRoles(['viewer']), grant('operate', 'dag', 'sales')]);
    expect(rights.mayAll('read', 'run')).toBe(true);
    expect([rights.may('operate', 'run', 'sales'), rights.may('operate', 'run', 'hr')]).toEqual([true, false]);
    expect(rights.visible('operate', 'run')).toEqual([['sales']]);
  });

  test('of a key are those of its owner that its scopes allow, and no more', () => {
    const owner = [...ofRoles(['user']), grant('edit', 'connection', 'shop')];
    const key = new Rights(owner, [
      ofScope({ action: 'operate', object: 'dag', pattern: 'sales_*' }),
      ofScope({ action: 'administer', object: 'connection', pattern: '*' }),
    ]);
    expect([key.may('operate', 'run', 'sales_eu'), key.may('operate', 'run', 'hr')]).toEqual([true, false]);
    expect([key.may('edit', 'connection', 'shop'), key.may('edit', 'connection', 'bank')]).toEqual([true, false]);
    expect([key.may('administer', 'connection', 'shop'), key.may('read', 'pool'), key.may('read', 'asset', 'x')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(key.visible('read', 'dag')).toEqual([['sales_*']]);
    const lapsed = new Rights([], [ofScope({ action: 'administer', object: '*', pattern: '*' })]);
    expect(lapsed.may('read', 'dag', 'sales')).toBe(false);
  });

  test('narrow globs by globs', () => {
    const rights = new Rights([grant('read', 'dag', 'sales_*')], [ofScope({ action: 'read', object: 'dag', pattern: '*_eu' })]);
    expect(rights.visible('read', 'dag')).toEqual([['sales_*'], ['*_eu']]);
    expect([rights.may('read', 'dag', 'sales_eu'), rights.may('read', 'dag', 'sales_us'), rights.may('read', 'dag', 'hr_eu')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('of the service are everything', () => {
    const rights = new Rights(EVERYTHING);
    for (const kind of OBJECT_KINDS) expect(rights.mayAll('administer', kind)).toBe(true);
  });
});
