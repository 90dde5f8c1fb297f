"""Definitions that are wrong, each with what is told of it."""

from __future__ import annotations

from tests.actors.definitions import behaviours

MODULE = behaviours.__name__

WHOLE: dict[str, tuple[str, list[str]]] = {
    "empty": ("", ["w:1:1: lacks 'workflow': the node that is run, as in [workflow] with pattern = ..."]),
    "unknown-key": (
        'workflow = "a"\nagent = {}',
        ["w:2:1: agent is unknown; did you mean 'agents'? a definition takes agents, nodes, workflow"],
    ),
    "agents-no-table": (
        'agents = 5\nworkflow = "a"',
        [
            "w:1:1: agents must be a table of agents by their names, not 5",
            "w:2:1: workflow names an agent that is not in [agents]: 'a'; there are none",
        ],
    ),
    "nodes-no-table": (
        'nodes = []\nworkflow = "@a"',
        [
            "w:1:1: nodes must be a table of nodes by their names, not []",
            "w:2:1: workflow names a node that is not in [nodes]: 'a'; there are none",
        ],
    ),
    "agent-name": (
        '[agents]\n"a/b" = "m:a"\n\n[workflow]\nagent = "a/b"',
        ["w:2:1: agents.'a/b' is wrong: an agent's name is not empty and has no '/', unlike 'a/b'"],
    ),
    "agent-reference": (
        'workflow = "a"\n[agents]\na = "no colon"',
        ["w:3:1: agents.a must be 'module:attribute', such as 'flows:search', not 'no colon'"],
    ),
    "agent-options-too-many": (
        'workflow = "a"\n[agents.a]\nagent = "m:a"\nconcurrency = 100_001',
        ["w:4:1: agents.a.concurrency must be at most 100000, not 100001"],
    ),
    "agent-options": (
        'workflow = "a"\n[agents.a]\nagent = "m:a"\nconcurrency = 0\ndispatcher = "ray"\nmailbox = "big"\n'
        "restart = { within = 0 }\ntimeot = 3",
        [
            "w:4:1: agents.a.concurrency must be at least 1, not 0",
            "w:5:1: agents.a.dispatcher must be 'loop', 'threads', 'pinned' or 'process', not 'ray'",
            "w:6:1: agents.a.mailbox must be a whole number, not 'big'",
            "w:7:13: agents.a.restart.within must be more than 0, not 0",
            "w:8:1: agents.a.timeot is unknown; did you mean 'timeout'? an agent entry takes agent, concurrency, "
            "dispatcher, timeout, restart, mailbox, breaker",
        ],
    ),
    "agent-lacking": (
        'workflow = "a"\n[agents.a]\nmailbox = 0',
        [
            "w:2:9: agents.a lacks 'agent'; an agent entry takes agent, concurrency, dispatcher, timeout, restart, "
            "mailbox, breaker",
            "w:3:1: agents.a.mailbox must be at least 1, not 0",
        ],
    ),
    "unknown-agents": (
        '[agents]\nsearch = "m:a"\n[workflow]\npattern = "sequential"\nsteps = [\n    "serach",\n    "other",\n]',
        [
            "w:6:5: workflow.steps[0] names an agent that is not in [agents]: 'serach'; did you mean 'search'?",
            "w:7:5: workflow.steps[1] names an agent that is not in [agents]: 'other'; known are: 'search'",
        ],
    ),
    "unused-node": (
        'workflow = "a"\n[nodes.b]\npattern = "loop"\nnode = "a"\nmax_iterations = 0',
        [
            "w:2:8: nodes.b is used by nothing; name it as '@b', or take it out",
            "w:5:1: nodes.b.max_iterations must be at least 1, not 0",
        ],
    ),
    "circle": (
        'workflow = "@a"\n[nodes]\na = { pattern = "loop", node = "@b" }\n'
        'b = { pattern = "loop", node = { use = "a" } }',
        ["w:4:34: nodes.b.node.use makes nodes consist of themselves: a -> b -> a"],
    ),
    "node-mistake-told-once": (
        'nodes.a = ""\nworkflow = { pattern = "sequential", steps = ["@a", "@a"] }',
        ["w:1:7: nodes.a must name an agent, not ''"],
    ),
    "use-no-name": ("workflow = { use = 5 }", ["w:1:14: workflow.use must be the name of one of [nodes], not 5"]),
}

SOME: dict[str, tuple[str, list[str]]] = {
    "no-node": (
        "5",
        ["w:1:1: workflow must be an agent's name, '@' and the name of one of [nodes], or a table, not 5"],
    ),
    "no-head": (
        '{ steps = ["a"] }',
        [
            "w:1:1: workflow must have one of the keys 'pattern', 'branch', 'agent', 'use', which tell what it is; "
            "it has ['steps']"
        ],
    ),
    "two-heads": (
        '{ branch = "a", pattern = "loop", node = "a" }',
        ["w:1:1: workflow must be one node, and has 'pattern' and 'branch'; a branch holds its pattern as 'node'"],
    ),
    "stage": (
        '{ stage = "a", node = "a" }',
        ["w:1:1: workflow must be a node, and is a stage, which stands in a list of stages only"],
    ),
    "agent-with-policy": (
        '{ agent = "a", timeout = 5 }',
        [
            "w:1:27: workflow.timeout cannot stand beside 'agent'; a policy is that of a branch: "
            "{ branch = ..., node = ..., ... }"
        ],
    ),
    "agent-no-name": ("{ agent = 5 }", ["w:1:14: workflow.agent must name an agent, not 5"]),
    "unknown-pattern": (
        '{ pattern = "paralel" }',
        ["w:1:14: workflow.pattern is none that is known: 'paralel'; did you mean 'parallel'?"],
    ),
    "pattern-no-text": (
        "{ pattern = 5 }",
        [
            "w:1:14: workflow.pattern is none that is known: 5; known are: 'sequential', 'parallel', 'collaborative', "
            "'route', 'loop', 'multi_stage', 'conditional', 'map', 'cached', 'sequential_collaborative', 'route_loop'"
        ],
    ),
    "lacking-and-wrong": (
        '{ pattern = "loop", timeout = -1, nam = "x" }',
        [
            "w:1:1: workflow lacks 'node'; a loop takes pattern, name, timeout, node, max_iterations, until, "
            "iteration_timeout",
            "w:1:32: workflow.timeout must be a positive number of seconds, not -1",
            "w:1:46: workflow.nam is unknown; did you mean 'name'? a loop takes pattern, name, timeout, node, "
            "max_iterations, until, iteration_timeout",
        ],
    ),
    "empty-steps": (
        '{ pattern = "sequential", steps = [] }',
        ["w:1:38: workflow.steps must have at least 1 item"],
    ),
    "steps-no-list": (
        '{ pattern = "sequential", steps = "a" }',
        ["w:1:38: workflow.steps must be a list, not 'a'"],
    ),
    "stage-in-branch": (
        '{ branch = "a", node = { stage = "b" } }',
        ["w:1:28: workflow.node must be a node, and is a stage, which stands in a list of stages only"],
    ),
    "names-that-differ": (
        '{ pattern = "parallel", branches = ["a", "a"], merge = "unoin" }',
        [
            "w:1:36: workflow.branches must have different names, and 'a' stands twice; name them with Branch(...)",
            "w:1:59: workflow.merge must be a merger such as \"union\", not 'unoin'",
        ],
    ),
    "require": (
        '{ pattern = "parallel", branches = ["a", "b"], require = 3 }',
        [
            "w:1:59: workflow.require must be 'all', 'any', a number of branches from 1 to 2 or a fraction above 0.0 "
            "up to 1.0, not 3"
        ],
    ),
    "branch-of-all-kinds": (
        '{ branch = "a/b", required = "yes", timeout = true, retry = 3 }',
        [
            "w:1:14: workflow.branch must not contain '/', which separates the parts of a path; it is 'a/b'",
            "w:1:30: workflow.required must be true or false, not 'yes'",
            "w:1:48: workflow.timeout must be a positive number of seconds, not True",
            "w:1:64: workflow.retry must be a table of attempts, on, backoff, attempt_timeout, not 3",
        ],
    ),
    "retry": (
        '{ branch = "a", retry = { attempts = 0, on = ["Timeout", 5], backoff = { jitter = 2, facter = 1 } } }',
        [
            "w:1:38: workflow.retry.attempts must be at least 1, not 0",
            "w:1:52: workflow.retry.on must hold dotted names such as 'builtins.TimeoutError', not 'Timeout'",
            "w:1:85: workflow.retry.backoff.jitter must be at most 1, not 2",
            "w:1:97: workflow.retry.backoff.facter is unknown; did you mean 'factor'? a backoff takes initial, factor, "
            "maximum, jitter",
        ],
    ),
    "conditions": (
        '{ pattern = "loop", node = "a", until = { all = [{ exist = "a" }, { exists = "" }, { not = 5 }] } }',
        [
            "w:1:63: workflow.until.all[0].exist is unknown here; did you mean 'exists'?",
            "w:1:80: workflow.until.all[1].exists must have at least 1 character, not ''",
            'w:1:97: workflow.until.all[2].not must be a condition such as {exists = "key"}, not 5',
        ],
    ),
    "two-conditions": (
        '{ pattern = "loop", node = "a", until = { exists = "a", not = { exists = "b" } } }',
        [
            'w:1:44: workflow.until must be a condition such as {exists = "key"}, not '
            "{'exists': 'a', 'not': {'exists': 'b'}}"
        ],
    ),
    "condition-without-value": (
        '{ pattern = "loop", node = "a", until = { equals = { key = "a" } } }',
        ["w:1:54: workflow.until.equals lacks 'value'; an equals takes key, value"],
    ),
    "compare-without-order": (
        '{ pattern = "loop", node = "a", until = { compare = { key = "a", op = "<", value = [1] } } }',
        ["w:1:77: workflow.until.compare.op has no order for a value of type list; use '==' or '!=', or a callable"],
    ),
    "unknown-value": (
        '{ pattern = "loop", node = "a", until = { equals = { key = "a", value = { "$nope" = 1 } } } }',
        [
            "w:1:76: workflow.until.equals.value holds {'$nope': 1}, which is none of the tables that stand for "
            "values: $none, $bytes, $dict, $tuple, $datetime, $date, $time, $timedelta, $offset, $zone, "
            "$uuid, $decimal, $set, $frozenset"
        ],
    ),
    "callable-in-all": (
        f'{{ pattern = "loop", node = "a", until = {{ all = [{{ call = "{MODULE}:is_counted" }}] }} }}',
        ["w:1:63: workflow.until.all[0].call is unknown here; did you mean 'all'?"],
    ),
    "callables": (
        f'{{ pattern = "sequential", steps = [\n'
        f'{{ pattern = "loop", node = "a", until = {{ call = "{MODULE}:is_conted" }} }},\n'
        f'{{ pattern = "loop", node = "a", until = {{ call = "{MODULE}:A_NUMBER" }} }},\n'
        f'{{ pattern = "loop", node = "a", until = {{ call = "no_such_module:f" }} }},\n'
        f'{{ pattern = "loop", node = "a", until = {{ call = 5 }} }},\n'
        f'{{ pattern = "cached", node = "a", key = {{ call = "{MODULE}:made_key", more = 1 }} }}]}}',
        [
            f"w:2:43: workflow.steps[0].until.call must name something that is there: module '{MODULE}' has no "
            "'is_conted'; did you mean 'is_counted'?",
            f"w:3:43: workflow.steps[1].until.call must name a function; '{MODULE}:A_NUMBER' is 5",
            "w:4:43: workflow.steps[2].until.call must name something that is there: there is no module "
            "'no_such_module'; run from the folder that holds it, or install its package",
            "w:5:43: workflow.steps[3].until.call must be 'module:attribute', such as 'flows:search', not 5",
            "w:6:35: workflow.steps[4].key must be a table of nothing but 'call', not "
            f"{{'call': '{MODULE}:made_key', 'more': 1}}",
        ],
    ),
    "mergers": (
        '{ pattern = "sequential", steps = [\n'
        '{ pattern = "parallel", branches = ["a"], merge = { reduce = { reducers = { a = "avg" } } } },\n'
        '{ pattern = "parallel", branches = ["a"], merge = { collect = ["a", "a"] } },\n'
        '{ pattern = "parallel", branches = ["a"], merge = { collect = { keys = ["a"], default = "namespaced" } } },\n'
        '{ pattern = "parallel", branches = ["a"], merge = "reduce" },\n'
        '{ pattern = "parallel", branches = ["a"], merge = { reduce = { reducers = 5 } } }]}',
        [
            "w:2:64: workflow.steps[0].merge.reduce.reducers must be 'sum', 'max', 'min', 'extend', 'union' or a "
            "callable of (value, written), unlike 'avg' of 'a'",
            "w:3:53: workflow.steps[1].merge.collect must differ, and 'a' stands twice",
            "w:4:79: workflow.steps[2].merge.collect.default must be Union(), LastWins(), FirstWins(), Collect(...) or "
            "Reduce(...)",
            "w:5:43: workflow.steps[3].merge.reduce lacks 'reducers'; a reduce takes reducers, default",
            "w:6:64: workflow.steps[4].merge.reduce.reducers must be a table, not 5",
        ],
    ),
    "rules": (
        '{ pattern = "sequential", steps = [\n'
        '{ pattern = "route", rules = 5 },\n'
        '{ pattern = "route", rules = {} },\n'
        '{ pattern = "route", rules = { "" = "a" } },\n'
        '{ pattern = "route", rules = [{ when = "a" }, 5,\n'
        '{ when = 5, node = "a" }, { when = "x", node = "a" },\n'
        '{ when = "x", node = "" }] }]}',
        [
            "w:2:22: workflow.steps[0].rules must be a table of keywords and nodes, or a list of tables, not 5",
            "w:3:22: workflow.steps[1].rules must have at least one rule",
            "w:4:22: workflow.steps[2].rules must have keywords that are not empty: every text contains the empty one",
            "w:5:31: workflow.steps[3].rules[0] must be a table of 'when' and 'node', not {'when': 'a'}",
            "w:5:47: workflow.steps[3].rules[1] must be a table of 'when' and 'node', not 5",
            'w:6:3: workflow.steps[3].rules[2].when must be a condition such as {exists = "key"}, not 5',
            "w:7:3: workflow.steps[3].rules[4].when stands for the second time; the first would always be taken",
            "w:7:15: workflow.steps[3].rules[4].node must name an agent, not ''",
        ],
    ),
    "loops": (
        '{ pattern = "sequential", steps = [\n'
        '{ pattern = "route_loop", rules = { x = "a" }, loops = { b = {} } },\n'
        '{ pattern = "route_loop", rules = { x = "a" }, loops = { a = 5 } },\n'
        '{ pattern = "route_loop", rules = { x = "" }, loops = { b = {} } },\n'
        '{ pattern = "route_loop", rules = { x = "a" }, loops = { a = { max_iterations = 0, node = "b" } } }]}',
        [
            "w:2:48: workflow.steps[0].loops must name nodes of the rules or the default: 'a', and 'b' is none of them",
            "w:3:58: workflow.steps[1].loops.a must be a table of max_iterations, until, iteration_timeout, timeout, "
            "not 5",
            "w:4:37: workflow.steps[2].rules.x must name an agent, not ''",
            "w:5:64: workflow.steps[3].loops.a.max_iterations must be at least 1, not 0",
            "w:5:84: workflow.steps[3].loops.a.node is unknown; a loop entry takes max_iterations, until, "
            "iteration_timeout, timeout",
        ],
    ),
    "stages": (
        '{ pattern = "multi_stage", stages = [\n'
        '{ stage = "a", node = "a" },\n'
        '{ stage = "a", node = "a", success = "yes", prerequisites = ["", {}] },\n'
        '{ stage = "b" }, "c"] }',
        [
            "w:3:28: workflow.stages[1].success must be a condition such as {exists = \"key\"}, not 'yes'",
            'w:3:66: workflow.stages[1].prerequisites[1] must be a condition such as {exists = "key"}, not {}',
            "w:4:1: workflow.stages[2] lacks 'node'; a stage takes stage, node, prerequisites, success, required, "
            "timeout, retry, fallback",
            "w:4:18: workflow.stages[3] must be a table of stage, node, prerequisites, success, required, timeout, "
            "retry, fallback, not 'c'",
        ],
    ),
    "cases": (
        '{ pattern = "conditional", cases = [{ case = "fallback", condition = "x", node = "a" }] }',
        [
            "w:1:1: workflow lacks 'fallback'; a conditional takes pattern, name, timeout, cases, fallback",
            "w:1:50: workflow.cases[0].case must not be 'fallback', which is what the fallback is called; it is "
            "'fallback'",
            "w:1:69: workflow.cases[0].condition must be a condition such as {exists = \"key\"}, not 'x'",
        ],
    ),
    "empty-key": (
        '{ branch = "a", retry = { "" = 5 } }',
        ["w:1:38: workflow.retry.'' is unknown; a retry takes attempts, on, backoff, attempt_timeout"],
    ),
    "names-like-those-that-stand-in": (
        '{ pattern = "parallel", branches = ["?1?", "?1?"] }',
        ["w:1:36: workflow.branches must have different names, and '?1?' stands twice; name them with Branch(...)"],
    ),
    "map-of-required": (
        '{ pattern = "map", over = "x", node = { branch = "b", required = true } }',
        [
            "w:1:43: workflow.node must not say whether it is required: a map's `require` says how many items have to "
            "be ok"
        ],
    ),
}
