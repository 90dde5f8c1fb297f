"""What articles are made of, without a runtime."""

from __future__ import annotations

from collections.abc import Iterable

from actors import Event, RunResult, Runtime
from examples.content.workflow import WORKFLOW, spawn_agents
from examples.research.document import BlockKind, Document
from examples.research.statements import Statement
from tests.limits import PATIENCE

TIMEOUT = PATIENCE

BAKERY = (
    Document(
        "bread.md",
        "# Bread\n\n"
        "A *sourdough* is a dough that rises by the work of wild yeast. "
        "The yeast of a sourdough needs a whole day to rise. "
        "Bakers feed the sourdough with flour and water every evening.\n\n"
        "## Baking\n\n"
        "Baking a sourdough bread in an oven proceeds as follows:\n\n"
        "1. Feed the sourdough.\n\n2. Knead the dough for ten minutes.\n\n3. Bake the bread.\n\n"
        "If the oven is too cold, the sourdough bread stays pale and the crust stays soft.\n",
        "markdown",
    ),
    Document(
        "oven.md",
        "# Ovens\n\n"
        "An oven is a closed room that is heated by fire or by electric power. "
        "The oven of a bakery has a floor of stone that keeps bread and sourdough warm.\n\n"
        "## Steam\n\nSteam keeps the crust of a sourdough bread soft while it rises in the oven.\n",
        "markdown",
    ),
    Document(
        "yeast.md",
        "# Yeast\n\nWild yeast is a fungus that lives on grain and in flour. "
        "A sourdough keeps wild yeast alive for years when it is fed with flour.\n",
        "markdown",
    ),
)
"""A few documents with definitions and steps."""


def statement(
    text: str, key: str = "notes:1/1", *, score: float = 1.0, kind: BlockKind = "paragraph", subject: str = ""
) -> Statement:
    """Return a statement with a key such as `notes:1/1`."""
    passage = key.rpartition("/")[0]
    document = passage.rpartition(":")[0]
    return Statement(key, text, passage, document, document.capitalize(), "", subject, kind, score)


def by_key(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Return statements by their keys."""
    return {each.key: each for each in statements}


def make(runtime: Runtime, brief: str) -> RunResult:
    """Have an article made."""
    event = Event(target="content", data={"brief": brief})
    return runtime.run(WORKFLOW, event, state={"corpus": "the bakery"}, timeout=TIMEOUT)


def article_on(brief: str, documents: Iterable[Document] = BAKERY) -> str:
    """Return an article."""
    with Runtime() as runtime:
        spawn_agents(runtime, documents)
        return str(make(runtime, brief).state["article"])
