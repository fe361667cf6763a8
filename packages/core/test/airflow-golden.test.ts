/** What Airflow's documentation shows, played step by step. Each test names its page (Airflow 3, airflow.apache.org/docs/apache-airflow/stable). */
import { describe, expect, test } from '@jest/globals';
import { compileDag, type DagSpec, type TaskSpec } from '../src/index.ts';
import { Play } from './support/play.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const play = (tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): Play => new Play(compileDag(dagSpec(tasks, more)));
const mapped = (...sources: readonly (number | string)[]): Pick<TaskSpec, 'expand'> => ({
  expand: {
    combine: 'product',
    over: sources.map((source, index) => ({
      argument: 'xyz'[index] ?? '',
      source: typeof source === 'number' ? { kind: 'literal', length: source } : { kind: 'result', taskId: source },
    })),
  },
});
const branch = { decides: { kind: 'branch' } } as const;

describe('core-concepts/dags.html, "Branching"', () => {
  test('a join that a chosen branch leads to is not skipped, though the branch did not name it', () => {
    const run = play([
      taskSpec('branching', [], branch),
      taskSpec('branch_a', ['branching']),
      taskSpec('branch_b', ['branching']),
      taskSpec('join', ['branching', 'branch_a', 'branch_b'], { triggerRule: 'none_failed_min_one_success' }),
    ]);
    run.end('branching', { follow: ['branch_a'] });
    expect(run.states).toEqual(['branch_a: scheduled', 'branch_b: skipped', 'branching: success', 'join: none'].sort(byTask(run)));
    run.end('branch_a', 'success').end('join', 'success');
    expect(run.run.status).toBe('success');
  });

  test('a branch that follows nothing skips all that is directly downstream of it', () => {
    const run = play([taskSpec('a', ['branching']), taskSpec('b', ['branching']), taskSpec('branching', [], branch)]);
    expect(run.end('branching', { follow: [] }).states).toEqual(['a: skipped', 'b: skipped', 'branching: success']);
  });
});

describe('core-concepts/dags.html, "Latest Only"', () => {
  test('skips what is directly after it, and lets the trigger rules cascade: task4 is all_done', () => {
    const run = play([
      taskSpec('latest_only', [], { decides: { kind: 'short_circuit', reach: 'direct' } }),
      taskSpec('task1', ['latest_only']),
      taskSpec('task2'),
      taskSpec('task3', ['task1', 'task2']),
      taskSpec('task4', ['task1', 'task2'], { triggerRule: 'all_done' }),
    ]);
    run.end('latest_only', { follow: [] }).end('task2', 'success');
    expect(run.states).toEqual(['latest_only: success', 'task1: skipped', 'task2: success', 'task3: skipped', 'task4: scheduled']);
  });
});

describe('core-concepts/dags.html, "Trigger Rules"', () => {
  const branching = (rule: TaskSpec['triggerRule']): Play =>
    play([
      taskSpec('branch_a', ['branching']),
      taskSpec('branch_false', ['branching']),
      taskSpec('branching', ['run_this_first'], branch),
      taskSpec('follow_branch_a', ['branch_a']),
      taskSpec('join', ['follow_branch_a', 'branch_false'], { triggerRule: rule }),
      taskSpec('run_this_first'),
    ])
      .end('run_this_first', 'success')
      .end('branching', { follow: ['branch_a'] })
      .end('branch_a', 'success')
      .end('follow_branch_a', 'success');

  test('skips propagate through all_success: the join is skipped, which is not what was meant', () => {
    expect(branching('all_success').states).toContain('join: skipped');
  });

  test('none_failed_min_one_success in the join gives the intended behaviour', () => {
    expect(branching('none_failed_min_one_success').states).toContain('join: scheduled');
  });
});

describe('howto/operator/python.html, "ShortCircuitOperator"', () => {
  const chain = (reach: 'all' | 'direct'): readonly TaskSpec[] => [
    taskSpec('condition_is_false', [], { decides: { kind: 'short_circuit', reach } }),
    taskSpec('false_1', ['condition_is_false']),
    taskSpec('false_2', ['false_1'], { triggerRule: 'all_done' }),
  ];

  test('a falsy condition skips everything downstream, whatever its trigger rules', () => {
    const run = play(chain('all')).end('condition_is_false', { follow: [] });
    expect(run.states).toEqual(['condition_is_false: success', 'false_1: skipped', 'false_2: skipped']);
  });

  test('ignore_downstream_trigger_rules=False skips only the direct ones', () => {
    const run = play(chain('direct')).end('condition_is_false', { follow: [] });
    expect(run.states).toEqual(['condition_is_false: success', 'false_1: skipped', 'false_2: scheduled']);
  });
});

describe('howto/setup-and-teardown.html', () => {
  const cluster = (more: Partial<TaskSpec> = {}): Play =>
    play([
      taskSpec('create_cluster', [], { role: 'setup' }),
      taskSpec('delete_cluster', ['create_cluster', 'run_query'], { role: 'teardown', setups: ['create_cluster'], ...more }),
      taskSpec('run_query', ['create_cluster']),
    ]);

  test('"A teardown task will run if its setup was successful, even if its work tasks failed", and the run fails for the work', () => {
    const run = cluster().end('create_cluster', 'success').end('run_query', 'failed');
    expect(run.states).toEqual(['create_cluster: success', 'delete_cluster: scheduled', 'run_query: failed']);
    expect(run.end('delete_cluster', 'success').run.status).toBe('failed');
  });

  test('"But it will skip if the setup was skipped"; after a failed setup it is upstream_failed', () => {
    expect(cluster().end('create_cluster', 'failed').states).toEqual([
      'create_cluster: failed',
      'delete_cluster: upstream_failed',
      'run_query: upstream_failed',
    ]);
    expect(cluster().end('create_cluster', 'skipped').states).toEqual([
      'create_cluster: skipped',
      'delete_cluster: skipped',
      'run_query: skipped',
    ]);
  });

  test('"By default, teardown tasks are ignored for the purpose of evaluating Dag run state", unless on_failure_fail_dagrun', () => {
    const through = (run: Play): string =>
      run.end('create_cluster', 'success').end('run_query', 'success').end('delete_cluster', 'failed').run.status;
    expect(through(cluster())).toBe('success');
    expect(through(cluster({ failsRun: true }))).toBe('failed');
  });

  test('"If you clear a task, its setups and teardowns will be cleared"', () => {
    const run = cluster().end('create_cluster', 'success').end('run_query', 'failed').end('delete_cluster', 'success');
    run.clear(['run_query'], { withSetupsAndTeardowns: true });
    expect(run.states).toEqual(['create_cluster: scheduled', 'delete_cluster: none', 'run_query: none']);
  });

  test.each(['success', 'failed'] as const)(
    '"Teardown will also be carried out if the Dag run is manually set" to %s; the run then is that',
    (status) => {
      const run = cluster().end('create_cluster', 'success');
      run.tell({ type: 'run.marked', status });
      expect(run.states).toEqual(['create_cluster: success', 'delete_cluster: scheduled', 'run_query: skipped']);
      expect(run.run.status).toBe('running');
      expect(run.end('delete_cluster', 'success').run.status).toBe(status);
    },
  );

  test('nothing in the scope of a failed setup runs, whatever its trigger rule', () => {
    const run = play([
      taskSpec('s', [], { role: 'setup' }),
      taskSpec('t', ['s', 'w2'], { role: 'teardown', setups: ['s'] }),
      taskSpec('w1', ['s']),
      taskSpec('w2', ['w1'], { triggerRule: 'all_done' }),
      taskSpec('w3', ['t'], { triggerRule: 'all_done' }),
    ]);
    run.end('s', 'failed');
    expect(run.states).toEqual(['s: failed', 't: upstream_failed', 'w1: upstream_failed', 'w2: upstream_failed', 'w3: scheduled']);
  });

  test('a teardown of several setups runs if one of them succeeded', () => {
    const run = play([
      taskSpec('create_bucket', [], { role: 'setup' }),
      taskSpec('create_cluster', [], { role: 'setup' }),
      taskSpec('delete_all', ['create_bucket', 'create_cluster'], { role: 'teardown', setups: ['create_bucket', 'create_cluster'] }),
    ]);
    expect(run.end('create_bucket', 'success').end('create_cluster', 'failed').states).toContain('delete_all: scheduled');
  });
});

describe('authoring-and-scheduling/dynamic-task-mapping.html', () => {
  test('"Simple mapping": add_one over three items, sum_it after all of them', () => {
    const run = play([taskSpec('add_one', [], mapped(3)), taskSpec('sum_it', ['add_one'])]);
    expect(run.states).toEqual(['add_one[0]: scheduled', 'add_one[1]: scheduled', 'add_one[2]: scheduled', 'sum_it: none']);
    run.end('add_one[2]', 'success').end('add_one[0]', 'success');
    expect(run.states).toContain('sum_it: none');
    expect(run.end('add_one[1]', 'success').end('sum_it', 'success').run.status).toBe('success');
  });

  test('"Task-generated mapping": consumer waits for make_list, and is then as long as its list', () => {
    const run = play([taskSpec('consumer', ['make_list'], mapped('make_list')), taskSpec('make_list')]);
    expect(run.states).toEqual(['consumer: none', 'make_list: scheduled']);
    const node = run.node('consumer');
    run.end('make_list', { items: 4 });
    expect(run.last?.changes).toEqual([
      {
        task: node,
        mapIndex: 0,
        from: { status: 'none', attempt: 0 },
        to: { status: 'scheduled', attempt: 0 },
        reason: 'all_success: 1 upstream task: 1 success',
      },
    ]);
    expect(run.last?.created.map(({ mapIndex, state }) => `${mapIndex} ${state.status}`)).toEqual([
      '1 scheduled',
      '2 scheduled',
      '3 scheduled',
    ]);
    expect(run.run.nodes.length).toBe(5);
  });

  test('"Repeated mapping": add_one over add_one over the list', () => {
    const run = play([taskSpec('first', [], mapped(3)), taskSpec('second', ['first'], mapped('first'))]);
    for (const place of [0, 1, 2]) run.end(`first[${place}]`, 'success');
    expect(run.states.slice(3)).toEqual(['second[0]: scheduled', 'second[1]: scheduled', 'second[2]: scheduled']);
  });

  test('"Mapping over multiple parameters": a cross product of three and two is six', () => {
    expect(play([taskSpec('add', [], mapped(3, 2))]).run.nodes.length).toBe(6);
  });

  test('"Sets of named arguments" (expand_kwargs) and "Combining upstream data" (zip): in step, up to the shortest', () => {
    expect(play([taskSpec('sets', [], mapped(2))]).run.nodes.length).toBe(2);
    const { expand } = mapped(4, 3);
    expect(play([taskSpec('zipped', [], { expand: { combine: 'zip', over: expand?.over ?? [] } })]).run.nodes.length).toBe(3);
  });

  test('a mapped task without items is skipped, and so is what needs it', () => {
    const run = play([taskSpec('list'), taskSpec('map', ['list'], mapped('list')), taskSpec('sum', ['map'])]);
    run.end('list', { items: 0 });
    expect(run.states).toEqual(['list: success', 'map: skipped', 'sum: skipped']);
    expect(run.run.status).toBe('success');
  });

  test('"Mapping over a task group": depth first, each index on its own, what is after waits for all', () => {
    const groups = [{ groupId: 'file_transforms', ...mapped(3) }];
    const run = play(
      [
        taskSpec('file_transforms.a', [], { group: 'file_transforms' }),
        taskSpec('file_transforms.b', ['file_transforms.a'], { group: 'file_transforms' }),
        taskSpec('report', ['file_transforms.b'], { triggerRule: 'all_done' }),
      ],
      { groups },
    );
    run.end('file_transforms.a[1]', 'success');
    expect(run.states.slice(3, 6)).toEqual(['file_transforms.b[0]: none', 'file_transforms.b[1]: scheduled', 'file_transforms.b[2]: none']);
    run.end('file_transforms.a[0]', 'failed').end('file_transforms.a[2]', 'skipped').end('file_transforms.b[1]', 'success');
    expect(run.states.slice(3)).toEqual([
      'file_transforms.b[0]: upstream_failed',
      'file_transforms.b[1]: success',
      'file_transforms.b[2]: skipped',
      'report: scheduled',
    ]);
  });

  test('a failed source fails its mapped task, a skipped one skips it, whatever the trigger rule', () => {
    const run = (end: 'failed' | 'skipped'): readonly string[] =>
      play([taskSpec('list'), taskSpec('map', ['list'], { ...mapped('list'), triggerRule: 'all_done' })]).end('list', end).states;
    expect(run('failed')).toEqual(['list: failed', 'map: upstream_failed']);
    expect(run('skipped')).toEqual(['list: skipped', 'map: skipped']);
  });
});

describe('authoring-and-scheduling/loops.html (3.4)', () => {
  const loop = (maxIterations: number): Play =>
    play(
      [
        taskSpec('after', ['refine.gate']),
        taskSpec('refine.fit', [], { group: 'refine' }),
        taskSpec('refine.gate', ['refine.fit'], { group: 'refine' }),
      ],
      { groups: [{ groupId: 'refine', loop: { gate: 'refine.gate', maxIterations } }] },
    );

  test('the body runs once before the gate is asked, and again as long as it asks for more', () => {
    const run = loop(5);
    expect(run.states).toEqual(['after: none', 'refine.fit[0]: scheduled', 'refine.gate[0]: none']);
    run.end('refine.fit[0]', 'success').end('refine.gate[0]', { again: true });
    expect(run.last?.created).toMatchObject([
      { mapIndex: 1, state: { status: 'scheduled' } },
      { mapIndex: 1, state: { status: 'none' } },
    ]);
    expect(run.states).toContain('after: none');
    run.end('refine.fit[1]', 'success').end('refine.gate[1]', { again: false });
    expect(run.states).toContain('after: scheduled');
  });

  test('the cap reached without convergence fails the gate', () => {
    const run = loop(2);
    run
      .end('refine.fit[0]', 'success')
      .end('refine.gate[0]', { again: true })
      .end('refine.fit[1]', 'success')
      .end('refine.gate[1]', { again: true });
    expect(run.last?.changes[0]).toMatchObject({
      from: { status: 'success' },
      to: { status: 'failed' },
      reason: 'still asks for more after 2 iterations',
    });
    expect(run.states.slice(0, 1)).toEqual(['after: upstream_failed']);
    expect(run.run.status).toBe('failed');
  });

  test('clearing an earlier iteration leaves the later ones, and takes them away when its gate asks for no more', () => {
    const run = loop(5);
    run
      .end('refine.fit[0]', 'success')
      .end('refine.gate[0]', { again: true })
      .end('refine.fit[1]', 'success')
      .end('refine.gate[1]', 'success')
      .end('after', 'success');
    run.clear(['refine.fit[0]'], { downstream: true });
    expect(run.states).toEqual([
      'after: none',
      'refine.fit[0]: scheduled',
      'refine.fit[1]: success',
      'refine.gate[0]: none',
      'refine.gate[1]: success',
    ]);
    run.end('refine.fit[0]', 'success').end('refine.gate[0]', 'success');
    expect(run.states).toEqual([
      'after: scheduled',
      'refine.fit[0]: success',
      'refine.fit[1]: removed',
      'refine.gate[0]: success',
      'refine.gate[1]: removed',
    ]);
  });
});

/** The order in which `states` lists tasks. */
function byTask(run: Play): (a: string, b: string) => number {
  const place = (line: string): number => run.dag.indexOf(line.split(':')[0] ?? '') ?? -1;
  return (a, b) => place(a) - place(b);
}
