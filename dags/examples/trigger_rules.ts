import { dag, FailTask, task } from '@headrace/sdk';

/** One failure, and what each trigger rule makes of it. The run succeeds: what stands at its end has dealt with the failure. */
export default dag('example_trigger_rules', { tags: ['example'], doc: 'Every task says by `triggerRule` when it runs.' }, () => {
  const good = task('good', () => 'fine');
  const bad = task('bad', (): string => {
    throw new FailTask('on purpose');
  });

  task('only_when_all_is_well', { in: { good } }, ({ good }) => good);
  const cleanUp = task('clean_up', { after: [good, bad], triggerRule: 'all_done' }, () => 'always');
  const report = task('report_failure', { after: [good, bad], triggerRule: 'one_failed' }, () => 'somebody should look');
  // Results of tasks that may have failed are `string | undefined`: the compiler knows the trigger rule.
  task('sum_up', { in: { good, bad }, after: [cleanUp, report], triggerRule: 'all_done_min_one_success' }, ({ good, bad }) =>
    [good, bad].filter((each) => each !== undefined),
  );
});
