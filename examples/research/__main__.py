"""The program: `python -m examples.research [QUESTION]`.

The report goes to standard output or a file; progress, latencies and complaints go to standard
error. It exits with 0, with 1 if the question could not be answered, or with 2 if it was called
wrongly.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence

from actors import Event, RunResult, Runtime, WorkflowFailedError
from examples.research.corpus import Corpus, folder_corpus, python_reference
from examples.research.errors import ResearchError
from examples.research.latency import latencies
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
        _check_output(options)
    except (ResearchError, OSError) as error:
        return _complain(error, _BAD_USAGE)
    for skipped in corpus.skipped:
        _tell(f"skipped {skipped.name}: {skipped.reason}")
    try:
        _research(options, corpus)
    except (WorkflowFailedError, OSError) as error:
        return _complain(error, _FAILED)
    return 0


def _research(options: Options, corpus: Corpus) -> None:
    if not options.quiet:
        logging.basicConfig(stream=sys.stderr, format="  %(message)s")
        logging.getLogger("examples.research").setLevel(logging.INFO)
        _tell(f"searching {corpus.name} for: {options.question}")
    with Runtime(metrics_port=options.metrics_port) as runtime:
        spawn_agents(runtime, corpus.documents)
        result = runtime.run(
            WORKFLOW,
            Event(target="research", data={"question": options.question}),
            state={"question": options.question, "corpus": corpus.name},
            timeout=options.timeout,
        )
        _deliver(result, options)
        if options.metrics_port is not None and options.linger:
            threading.Event().wait(options.linger)


def _deliver(result: RunResult, options: Options) -> None:
    report = result.state["report"]
    if options.output:
        options.output.write_text(report, encoding="utf-8")
    else:
        print(report)
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
