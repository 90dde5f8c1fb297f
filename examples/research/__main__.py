"""The program: `python -m examples.research [QUESTION]`.

The report goes to standard output or a file; progress, latencies and complaints go to standard
error. It exits with 0, with 1 if the question could not be answered, or with 2 if it was called
wrongly.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from actors import Event, Runtime, WorkflowFailedError
from examples.documents import check_output, complain, deliver, log_progress, tell
from examples.research.corpus import Corpus, folder_corpus, python_reference
from examples.research.errors import ResearchError
from examples.research.options import Options, parsed
from examples.research.question import terms_of
from examples.research.workflow import WORKFLOW, spawn_agents

_FAILED = 1
_BAD_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    options = parsed(arguments)
    try:
        terms_of(options.question)
        corpus = folder_corpus(options.folder) if options.folder else python_reference()
        check_output(options.output)
    except (ResearchError, OSError) as error:
        return complain(error, _BAD_USAGE)
    for skipped in corpus.skipped:
        tell(f"skipped {skipped.name}: {skipped.reason}")
    try:
        _research(options, corpus)
    except (WorkflowFailedError, OSError) as error:
        return complain(error, _FAILED)
    return 0


def _research(options: Options, corpus: Corpus) -> None:
    if not options.quiet:
        log_progress("examples.research")
        tell(f"searching {corpus.name} for: {options.question}")
    with Runtime(metrics_port=options.metrics_port) as runtime:
        spawn_agents(runtime, corpus.documents)
        result = runtime.run(
            WORKFLOW,
            Event(target="research", data={"question": options.question}),
            state={"question": options.question, "corpus": corpus.name},
            timeout=options.timeout,
        )
        deliver(result.state["report"], options.output, None if options.quiet else result.trace)
        if options.metrics_port is not None and options.linger:
            threading.Event().wait(options.linger)


if __name__ == "__main__":
    sys.exit(main())
