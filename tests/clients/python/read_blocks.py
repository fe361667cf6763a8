"""Reads blocks of Python, [[place, code], ...] as JSON in the first argument, and looks up what they take from Airflow's client.

Prints a line for each mistake. What is Airflow's own (`airflow.sdk`, providers) is only parsed: it is not installed here.
"""

import ast
import importlib
import json
import sys

CLIENT = "airflow_client"


def mistakes(tree):
    """What the block names of the client that is not there."""
    modules = {}
    apis = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith(CLIENT):
                    modules[name.asname or name.name] = importlib.import_module(name.name)
        if isinstance(node, ast.ImportFrom) and node.module.startswith(CLIENT):
            module = importlib.import_module(node.module)
            yield from (f"{node.module} has no {name.name}" for name in node.names if not hasattr(module, name.name))

    def api_of(node):
        """The class of `airflow.DagRunApi(client)`, or of a variable that holds one."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            return getattr(modules.get(node.func.value.id), node.func.attr, None)
        return apis.get(node.id) if isinstance(node, ast.Name) else None

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and api_of(node.value) is not None:
            apis[node.targets[0].id] = api_of(node.value)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        module = modules.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if module is not None and not hasattr(module, node.attr):
            yield f"{module.__name__} has no {node.attr}"
        api = api_of(node.value)
        if isinstance(api, type) and api.__name__.endswith("Api") and not hasattr(api, node.attr):
            yield f"{api.__name__} has no {node.attr}"


for place, code in json.loads(sys.argv[1]):
    try:
        for mistake in mistakes(ast.parse(code, place)):
            print(f"{place}: {mistake}")
    except SyntaxError as error:
        print(f"{place}: {error}")
