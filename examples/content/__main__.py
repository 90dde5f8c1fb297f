"""The program: `python -m examples.content [BRIEF]`.

The article goes to standard output or a file; progress, latencies and complaints go to standard error. It exits with
0, with 1 if no article could be written, or with 2 if it was called wrongly.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from actors import Event, RunResult, Runtime, WorkflowFailedError
from examples.content.brief import brief_of
from examples.content.errors import ContentError
from examples.content.options import Options, parsed
from examples.content.workflow import WORKFLOW, spawn_agents
from examples.documents import check_output, complain, deliver, log_progress, tell
from examples.research.corpus import Corpus, folder_corpus, python_reference
from examples.research.errors import ResearchError

_FAILED = 1
_BAD_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    options = parsed(arguments)
    try:
        brief_of(options.brief)
        corpus = folder_corpus(options.folder) if options.folder else python_reference()
        check_output(options.output)
    except (ContentError, ResearchError, OSError) as error:
        return complain(error, _BAD_USAGE)
    for skipped in corpus.skipped:
        tell(f"skipped {skipped.name}: {skipped.reason}")
    try:
        result = _made(options, corpus)
        deliver(result.state["article"], options.output, None if options.quiet else result.trace)
    except (WorkflowFailedError, OSError) as error:
        return complain(error, _FAILED)
    return 0


def _made(options: Options, corpus: Corpus) -> RunResult:
    if not options.quiet:
        log_progress("examples.content")
        tell(f"writing from {corpus.name}: {options.brief}")
    with Runtime() as runtime:
        spawn_agents(runtime, corpus.documents)
        event = Event(target="content", data={"brief": options.brief})
        return runtime.run(WORKFLOW, event, state={"corpus": corpus.name}, timeout=options.timeout)


if __name__ == "__main__":
    sys.exit(main())
