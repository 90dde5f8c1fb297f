"""The program: `python -m examples.content [BRIEF]`.

The article goes to standard output or a file; progress, latencies and complaints go to standard error. It exits with
0, with 1 if no article could be written, or with 2 if it was called wrongly.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from actors import Event, RunResult, Runtime, WorkflowFailedError
from examples.content.brief import brief_of
from examples.content.errors import ContentError
from examples.content.options import Options, parsed
from examples.content.workflow import WORKFLOW, spawn_agents
from examples.research.corpus import Corpus, folder_corpus, python_reference
from examples.research.errors import ResearchError
from examples.research.latency import latencies

_FAILED = 1
_BAD_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    options = parsed(arguments)
    try:
        brief_of(options.brief)
        corpus = folder_corpus(options.folder) if options.folder else python_reference()
        _check_output(options)
    except (ContentError, ResearchError, OSError) as error:
        return _complain(error, _BAD_USAGE)
    for skipped in corpus.skipped:
        _tell(f"skipped {skipped.name}: {skipped.reason}")
    try:
        _deliver(_made(options, corpus), options)
    except (WorkflowFailedError, OSError) as error:
        return _complain(error, _FAILED)
    return 0


def _made(options: Options, corpus: Corpus) -> RunResult:
    if not options.quiet:
        logging.basicConfig(stream=sys.stderr, format="  %(message)s")
        logging.getLogger("examples.content").setLevel(logging.INFO)
        _tell(f"writing from {corpus.name}: {options.brief}")
    with Runtime() as runtime:
        spawn_agents(runtime, corpus.documents)
        event = Event(target="content", data={"brief": options.brief})
        return runtime.run(WORKFLOW, event, state={"corpus": corpus.name}, timeout=options.timeout)


def _deliver(result: RunResult, options: Options) -> None:
    article = result.state["article"]
    if options.output:
        options.output.write_text(article, encoding="utf-8")
    else:
        print(article)
    if not options.quiet:
        _tell(f"latencies\n{latencies(result.trace)}")


def _check_output(options: Options) -> None:
    if options.output and not options.output.parent.is_dir():
        raise NotADirectoryError(f"cannot write {str(options.output)!r}: its folder does not exist")


def _complain(error: Exception, code: int) -> int:
    _tell(f"error: {error}")
    return code


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
