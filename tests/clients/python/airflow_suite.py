"""Airflow's own client against a running Headrace: every answer must fit the client's strict models.

HEADRACE_URL and HEADRACE_TOKEN say where it is; tests/clients/dags has the DAGs. Run by tests/clients/airflow-client.test.ts.
"""

import json
import os
import time
import unittest
import urllib.request
from datetime import datetime, timezone

import airflow_client.client as airflow
from airflow_client.client.exceptions import ApiException, NotFoundException
from airflow_client.client.models import (
    BackfillPostBody,
    BulkBodyPoolBody,
    BulkBodyVariableBody,
    ClearTaskInstancesBody,
    ConnectionBody,
    CreateAssetEventsBody,
    DAGPatchBody,
    DAGRunClearBody,
    DAGRunPatchBody,
    DAGRunsBatchBody,
    MaterializeAssetBody,
    PatchTaskInstanceBody,
    PoolBody,
    PoolPatchBody,
    TaskInstancesBatchBody,
    TriggerDAGRunPostBody,
    UpdateHITLDetailPayload,
    VariableBody,
)

URL = os.environ["HEADRACE_URL"]
CLIENT = airflow.ApiClient(airflow.Configuration(host=URL, access_token=os.environ["HEADRACE_TOKEN"]))
OPERATIONS = {
    operation["operationId"]
    for methods in json.load(urllib.request.urlopen(f"{URL}/openapi.json"))["paths"].values()
    for operation in methods.values()
}

dags = airflow.DAGApi(CLIENT)
runs = airflow.DagRunApi(CLIENT)
tasks = airflow.TaskInstanceApi(CLIENT)
pools = airflow.PoolApi(CLIENT)
connections = airflow.ConnectionApi(CLIENT)
variables = airflow.VariableApi(CLIENT)
assets = airflow.AssetApi(CLIENT)
backfills = airflow.BackfillApi(CLIENT)
xcoms = airflow.XComApi(CLIENT)


def until(what, ask, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def not_found(ask):
    try:
        ask()
        return False
    except NotFoundException:
        return True


def triggered(dag_id, **body):
    """A run, and its end."""
    run = runs.trigger_dag_run(dag_id, TriggerDAGRunPostBody(logical_date=None, **body))
    return until(f"{dag_id} to end", lambda: (found := runs.get_dag_run(dag_id, run.dag_run_id)).state in ("success", "failed") and found)


class Suite(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        for dag in ("pipeline", "failing", "endless", "consumer", "people", "shops"):
            dags.patch_dag(dag, DAGPatchBody(is_paused=False))

    def needs(self, *operations):
        """An operation of Airflow's that has no meaning here is listed in docs/airflow-api.md."""
        missing = [one for one in operations if one not in OPERATIONS]
        if missing:
            self.skipTest(f"there is no {', '.join(missing)}")


class Dags(Suite):
    def test_lists_and_filters(self):
        listed = dags.get_dags(tags=["client"], order_by=["-dag_id"], limit=10)
        self.assertEqual([dag.dag_id for dag in listed.dags], ["pipeline", "failing"])
        self.assertEqual(listed.total_entries, 2)
        self.assertEqual([dag.dag_id for dag in dags.get_dags(dag_id_pattern="nigh").dags], ["nightly"])
        self.assertEqual(dags.get_dag("pipeline").tags[0].name, "client")

    def test_details_tell_params_and_the_schedule(self):
        details = dags.get_dag_details("pipeline")
        self.assertEqual(details.params["rows"]["value"], 3)
        self.assertEqual(dags.get_dag_details("nightly").timezone, "Europe/Berlin")

    def test_pauses(self):
        self.assertTrue(dags.patch_dag("shops", DAGPatchBody(is_paused=True)).is_paused)
        self.assertIn("shops", [dag.dag_id for dag in dags.get_dags(paused=True).dags])
        self.assertFalse(dags.patch_dag("shops", DAGPatchBody(is_paused=False)).is_paused)

    def test_what_is_not_there_is_an_exception_with_a_reason(self):
        with self.assertRaises(NotFoundException) as caught:
            dags.get_dag("nothing")
        self.assertIn('There is no DAG', caught.exception.body)

    def test_tags(self):
        self.needs("get_dag_tags")
        self.assertIn("client", dags.get_dag_tags().tags)

    def test_tasks_versions_source(self):
        listed = airflow.TaskApi(CLIENT).get_tasks("pipeline")
        self.assertEqual({task.task_id for task in listed.tasks}, {"extract", "double", "load"})
        self.assertEqual(airflow.TaskApi(CLIENT).get_task("pipeline", "double").task_id, "double")
        versions = airflow.DagVersionApi(CLIENT).get_dag_versions("pipeline")
        self.assertEqual(airflow.DagVersionApi(CLIENT).get_dag_version("pipeline", versions.dag_versions[0].version_number).dag_id, "pipeline")
        self.assertIn("extracting", airflow.DagSourceApi(CLIENT).get_dag_source("pipeline").content)

    def test_stats_and_warnings(self):
        self.needs("get_dag_stats", "list_dag_warnings")
        self.assertIn("pipeline", [one.dag_id for one in airflow.DagStatsApi(CLIENT).get_dag_stats().dags])
        airflow.DagWarningApi(CLIENT).list_dag_warnings()

    def test_import_errors(self):
        errors = airflow.ImportErrorApi(CLIENT)
        found = until("the import error", lambda: errors.get_import_errors().import_errors)
        self.assertIn("broken on purpose", errors.get_import_error(found[0].import_error_id).stack_trace)


class Runs(Suite):
    def test_trigger_and_read_everything_of_a_run(self):
        run = triggered("pipeline", conf={"rows": 2}, note="by Airflow's client")
        self.assertEqual((run.state, run.run_type, run.conf, run.note), ("success", "manual", {"rows": 2}, "by Airflow's client"))
        instances = tasks.get_task_instances("pipeline", run.dag_run_id, order_by=["task_id"]).task_instances
        self.assertEqual(
            sorted((one.task_id, one.map_index, one.state) for one in instances),
            [("double", 0, "success"), ("double", 1, "success"), ("extract", -1, "success"), ("load", -1, "success")],
        )
        self.assertEqual(tasks.get_task_instance("pipeline", run.dag_run_id, "extract").try_number, 1)
        self.assertEqual(tasks.get_mapped_task_instance("pipeline", run.dag_run_id, "double", 1).map_index, 1)
        tries = tasks.get_task_instance_tries("pipeline", run.dag_run_id, "extract")
        self.assertEqual([one.try_number for one in tries.task_instances], [1])
        self.assertEqual(tasks.get_task_instance_try_details("pipeline", run.dag_run_id, "extract", 1).state, "success")
        log = tasks.get_log("pipeline", run.dag_run_id, "extract", 1, full_content=True)
        self.assertIn("extracting 2 rows", [line.event for line in log.content.actual_instance])
        entry = xcoms.get_xcom_entry(dag_id="pipeline", dag_run_id=run.dag_run_id, task_id="load", xcom_key="return_value")
        self.assertEqual(entry.actual_instance.value, {"rows": 2})

    def test_the_same_of_mapped_instances(self):
        self.needs("get_mapped_task_instances", "get_mapped_task_instance_tries", "get_mapped_task_instance_try_details")
        run = triggered("pipeline", conf={"rows": 3})
        self.assertEqual(tasks.get_mapped_task_instances("pipeline", run.dag_run_id, "double").total_entries, 3)
        self.assertEqual(tasks.get_mapped_task_instance_tries("pipeline", run.dag_run_id, "double", 1).total_entries, 1)
        self.assertEqual(tasks.get_mapped_task_instance_try_details("pipeline", run.dag_run_id, "double", map_index=2, task_try_number=1).map_index, 2)

    def test_results_are_listed(self):
        self.needs("get_xcom_entries")
        run = triggered("pipeline", conf={"rows": 1})
        entries = xcoms.get_xcom_entries(dag_id="pipeline", dag_run_id=run.dag_run_id, task_id="extract")
        self.assertEqual([one.key for one in entries.xcom_entries], ["return_value"])

    def test_waits_for_the_end(self):
        self.needs("wait_dag_run_until_finished")
        run = runs.trigger_dag_run("pipeline", TriggerDAGRunPostBody(logical_date=None, conf={"rows": 1}))
        answer = runs.wait_dag_run_until_finished_without_preload_content("pipeline", run.dag_run_id, interval=1, result=["load"])
        lines = [json.loads(line) for line in answer.data.decode().splitlines() if line]
        self.assertEqual(lines[-1]["state"], "success")
        self.assertEqual(answer.headers["content-type"].split(";")[0], "application/x-ndjson")

    def test_lists_and_filters(self):
        before = datetime.now(timezone.utc)
        triggered("failing", dag_run_id="one-that-fails")
        listed = runs.get_dag_runs("failing", state=["failed"], run_type=["manual"], order_by=["-id"], limit=1, start_date_gte=before)
        self.assertEqual([(run.dag_run_id, run.state) for run in listed.dag_runs], [("one-that-fails", "failed")])
        self.assertGreaterEqual(runs.get_dag_runs("~", limit=100).total_entries, 1)
        self.assertEqual(runs.get_upstream_asset_events("failing", "one-that-fails").total_entries, 0)

    def test_lists_by_a_body(self):
        self.needs("get_list_dag_runs_batch", "get_task_instances_batch")
        run = triggered("pipeline", conf={"rows": 1})
        listed = runs.get_list_dag_runs_batch("~", DAGRunsBatchBody(dag_ids=["pipeline"], states=["success"], page_limit=100))
        self.assertIn(run.dag_run_id, [one.dag_run_id for one in listed.dag_runs])
        found = tasks.get_task_instances_batch("~", "~", TaskInstancesBatchBody(dag_ids=["pipeline"], dag_run_ids=[run.dag_run_id]))
        self.assertEqual({one.task_id for one in found.task_instances}, {"extract", "double", "load"})

    def test_a_run_id_is_used_once(self):
        triggered("failing", dag_run_id="only-once")
        with self.assertRaises(ApiException) as caught:
            runs.trigger_dag_run("failing", TriggerDAGRunPostBody(logical_date=None, dag_run_id="only-once"))
        self.assertEqual(caught.exception.status, 409)

    def test_clears_a_failed_task(self):
        run = triggered("failing")
        body = ClearTaskInstancesBody(dag_run_id=run.dag_run_id, dry_run=True, only_failed=True)
        would = tasks.post_clear_task_instances("failing", body)
        self.assertEqual([one.task_id for one in would.task_instances], ["break"])
        tasks.post_clear_task_instances("failing", ClearTaskInstancesBody(dag_run_id=run.dag_run_id, dry_run=False, only_failed=True))
        again = until("the second try", lambda: (one := tasks.get_task_instance("failing", run.dag_run_id, "break")).try_number == 2 and one.state == "failed" and one)
        self.assertEqual(again.state, "failed")

    def test_clears_and_marks_a_run(self):
        run = triggered("failing")
        # The client cannot tell the two kinds of task instances in its own model of a dry run apart, whoever answers: the text is read here.
        would = runs.clear_dag_run_without_preload_content("failing", run.dag_run_id, DAGRunClearBody(dry_run=True))
        self.assertEqual([one["task_id"] for one in json.loads(would.data)["task_instances"]], ["break"])
        cleared = runs.clear_dag_run("failing", run.dag_run_id, DAGRunClearBody(dry_run=False, note="again"))
        self.assertEqual(cleared.actual_instance.note, "again")
        until("its end", lambda: runs.get_dag_run("failing", run.dag_run_id).state == "failed")
        marked = runs.patch_dag_run("failing", run.dag_run_id, DAGRunPatchBody(state="success", note="it is well"))
        self.assertEqual((marked.state, marked.note), ("success", "it is well"))

    def test_marks_a_task(self):
        run = triggered("failing")
        self.needs("patch_task_instance")
        would = tasks.patch_task_instance_dry_run("failing", run.dag_run_id, "break", PatchTaskInstanceBody(new_state="success"))
        self.assertEqual([one.task_id for one in would.task_instances], ["break"])
        marked = tasks.patch_task_instance("failing", run.dag_run_id, "break", PatchTaskInstanceBody(new_state="success"))
        self.assertEqual([one.state for one in marked.task_instances], ["success"])

    def test_cancels(self):
        run = runs.trigger_dag_run("endless", TriggerDAGRunPostBody(logical_date=None))
        until("it to run", lambda: runs.get_dag_run("endless", run.dag_run_id).state == "running")
        self.assertEqual(runs.patch_dag_run("endless", run.dag_run_id, DAGRunPatchBody(state="failed")).state, "failed")

    def test_deletes(self):
        self.needs("delete_dag_run")
        run = triggered("failing")
        runs.delete_dag_run("failing", run.dag_run_id)
        with self.assertRaises(NotFoundException):
            runs.get_dag_run("failing", run.dag_run_id)

    def test_answers_a_form(self):
        run = runs.trigger_dag_run("people", TriggerDAGRunPostBody(logical_date=None))
        detail = until("the question", lambda: tasks.get_hitl_details("people", run.dag_run_id).hitl_details)[0]
        self.assertEqual(detail.subject, "What may it cost?")
        self.assertEqual(tasks.get_hitl_detail("people", run.dag_run_id, "how_much", -1).response_received, False)
        answered = tasks.update_hitl_detail(
            "people", run.dag_run_id, "how_much", -1, UpdateHITLDetailPayload(chosen_options=["OK"], params_input={"euros": 12})
        )
        self.assertEqual(answered.params_input, {"euros": 12})


class Things(Suite):
    def test_pools(self):
        made = pools.post_pool(PoolBody(name="client", slots=2, description="made by Airflow's client"))
        self.assertEqual((made.name, made.open_slots), ("client", 2))
        self.assertEqual(pools.patch_pool("client", PoolPatchBody(slots=5), update_mask=["slots"]).slots, 5)
        self.assertEqual([pool.name for pool in pools.get_pools(pool_name_pattern="clie").pools], ["client"])
        self.assertEqual(pools.get_pool("client").slots, 5)
        with self.assertRaises(ApiException) as caught:
            pools.post_pool(PoolBody(name="client", slots=2))
        self.assertEqual(caught.exception.status, 409)
        pools.delete_pool("client")
        with self.assertRaises(NotFoundException):
            pools.get_pool("client")

    def test_pools_in_bulk(self):
        self.needs("bulk_pools")
        entities = [{"name": f"bulk_{each}", "slots": each} for each in (1, 2)]
        made = pools.bulk_pools(BulkBodyPoolBody.from_dict({"actions": [{"action": "create", "entities": entities, "action_on_existence": "fail"}]}))
        self.assertEqual(sorted(made.create.success), ["bulk_1", "bulk_2"])
        gone = pools.bulk_pools(BulkBodyPoolBody.from_dict({"actions": [{"action": "delete", "entities": ["bulk_1", "bulk_2"]}]}))
        self.assertEqual(sorted(gone.delete.success), ["bulk_1", "bulk_2"])

    def test_connections(self):
        body = ConnectionBody(connection_id="till", conn_type="postgres", host="127.0.0.1", login="reader", password="a secret", port=1)
        made = connections.post_connection(body)
        self.assertEqual((made.connection_id, made.conn_type, made.port), ("till", "postgres", 1))
        self.assertNotIn("a secret", str(made))
        self.assertNotIn("a secret", str(connections.get_connection("till")))
        self.assertIn("till", [one.connection_id for one in connections.get_connections(connection_id_pattern="till").connections])
        patched = connections.patch_connection("till", ConnectionBody(connection_id="till", conn_type="postgres", port=2), update_mask=["port"])
        self.assertEqual(patched.port, 2)
        self.assertFalse(connections.test_connection(body).status)
        connections.delete_connection("till")
        with self.assertRaises(NotFoundException):
            connections.get_connection("till")

    def test_variables(self):
        self.needs("get_variables", "post_variable", "get_variable", "patch_variable", "delete_variable")
        made = variables.post_variable(VariableBody(key="client", value="hello", description="a greeting"))
        self.assertEqual((made.key, made.value), ("client", "hello"))
        self.assertEqual(variables.patch_variable("client", VariableBody(key="client", value="bye"), update_mask=["value"]).value, "bye")
        self.assertEqual([one.key for one in variables.get_variables(variable_key_pattern="clie").variables], ["client"])
        self.assertEqual(variables.get_variable("client").description, "a greeting")
        variables.delete_variable("client")
        with self.assertRaises(NotFoundException):
            variables.get_variable("client")

    def test_variables_in_bulk(self):
        self.needs("bulk_variables")
        body = {"actions": [{"action": "create", "entities": [{"key": "bulk", "value": "1"}], "action_on_existence": "fail"}]}
        self.assertEqual(variables.bulk_variables(BulkBodyVariableBody.from_dict(body)).create.success, ["bulk"])
        variables.delete_variable("bulk")

    def test_assets(self):
        triggered("pipeline", conf={"rows": 1})
        listed = assets.get_assets(name_pattern="orders")
        self.assertEqual([asset.name for asset in listed.assets], ["orders"])
        orders = assets.get_asset(listed.assets[0].id)
        self.assertEqual([task.task_id for task in orders.producing_tasks], ["load"])
        made = assets.create_asset_event(CreateAssetEventsBody(asset_id=orders.id, extra={"rows": 7}))
        self.assertEqual(made.extra["rows"], 7)
        events = assets.get_asset_events(asset_id=orders.id, order_by=["-timestamp"], limit=5).asset_events
        self.assertIn(7, [event.extra.get("rows") for event in events])
        run = until("the consumer", lambda: runs.get_dag_runs("consumer", order_by=["-id"], limit=1).dag_runs)[0]
        self.assertEqual(run.run_type, "asset_triggered")
        self.assertGreaterEqual(runs.get_upstream_asset_events("consumer", run.dag_run_id).total_entries, 1)
        # It has its runs: nothing is queued for it any more, which Airflow answers with 404.
        until("nothing to be queued", lambda: not_found(lambda: assets.get_dag_asset_queued_events("consumer")))
        self.assertEqual(assets.get_asset_aliases().total_entries, 0)

    def test_an_asset_is_made(self):
        orders = assets.get_assets(name_pattern="orders").assets[0]
        run = assets.materialize_asset(orders.id, MaterializeAssetBody(logical_date=None, conf={"rows": 1}))
        self.assertEqual((run.dag_id, run.run_type), ("pipeline", "asset_materialization"))

    def test_backfills(self):
        body = BackfillPostBody(
            dag_id="nightly",
            from_date=datetime(2024, 6, 1, tzinfo=timezone.utc),
            to_date=datetime(2024, 6, 3, tzinfo=timezone.utc),
            max_active_runs=2,
        )
        would = backfills.create_backfill_dry_run(body)
        self.assertEqual(would.total_entries, len(would.backfills))
        made = backfills.create_backfill(body)
        self.assertTrue(backfills.pause_backfill(made.id).is_paused)
        self.assertFalse(backfills.unpause_backfill(made.id).is_paused)
        self.assertIn(made.id, [one.id for one in backfills.list_backfills("nightly").backfills])
        until("the backfill", lambda: backfills.get_backfill(made.id).completed_at)
        found = runs.get_dag_runs("nightly", run_type=["backfill"], limit=100)
        self.assertGreaterEqual(found.total_entries, len(would.backfills))

    def test_monitors(self):
        health = airflow.MonitorApi(CLIENT).get_health()
        self.assertEqual((health.metadatabase.status, health.scheduler.status), ("healthy", "healthy"))
        self.assertTrue(airflow.VersionApi(CLIENT).get_version().version)

    def test_the_event_log(self):
        self.needs("get_event_logs")
        airflow.EventLogApi(CLIENT).get_event_logs(limit=5)

    def test_jobs_plugins_providers_config(self):
        self.needs("get_jobs", "get_plugins", "get_providers", "get_config")
        airflow.JobApi(CLIENT).get_jobs()
        airflow.PluginApi(CLIENT).get_plugins()
        airflow.ProviderApi(CLIENT).get_providers()
        airflow.ConfigApi(CLIENT).get_config()


if __name__ == "__main__":
    unittest.main(verbosity=2)
