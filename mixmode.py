"""Launch the `mixmode` command, once it is sure to import the packages it was installed with.

The installed packages are called `actors` and `supervisors`. A program whose own package has one
of these names would be imported in their place, and fail in ways that do not tell why. In a clone
of mixmode the packages are the clone's, whatever is installed.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from traceback import walk_tb

PACKAGES = ("actors", "supervisors")
EXTRA = ("click", "rich")
MISUSED = 2
INTERRUPTED = 130
OUTPUTS = {1: "stdout", 2: "stderr"}


def main() -> int:
    """Run the command on `sys.argv` and return its exit code.

    The current directory is put on `sys.path`, so that the user's modules are found as by
    `python -m`. Says on stderr why the command cannot start when it cannot, and returns 2.
    A Ctrl-C before the command has taken over ends the process at once, with 130.
    """
    _replace_closed_outputs()
    try:
        with _ended_by_interrupts():
            obstacle = _obstacle()
            if obstacle is not None:
                _tell(obstacle)
                return MISUSED
            # Late on purpose: only now is it known whose `actors` this is, and that it can be imported.
            from actors import cli  # noqa: PLC0415
        return cli.main()
    except KeyboardInterrupt:
        return INTERRUPTED


def _replace_closed_outputs() -> None:
    """Have what is written to a standard output that was closed fail as on a full disk.

    Python has no stream for it, and its descriptor would be given to the first file that is opened.
    """
    if None not in (sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDONLY)) <= max(OUTPUTS):
        pass
    os.close(number)
    for number, name in OUTPUTS.items():
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115  # for good


@contextmanager
def _ended_by_interrupts() -> Iterator[None]:
    """End the process at once when a Ctrl-C comes: there is nothing to undo, and imports would be torn."""
    previous = signal.getsignal(signal.SIGINT)
    if previous is not signal.default_int_handler:  # as where it is ignored
        yield
        return
    signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _tell(text: str) -> None:
    with suppress(OSError):  # nobody can be told
        os.write(2, f"{text}\n".encode(errors="backslashreplace"))


def _obstacle() -> str | None:
    try:
        _put_first_on_path(str(Path.cwd()))
    except OSError as error:
        return f"mixmode: the current directory cannot be found: {error.strerror}"
    return _shadowed_package() or next(filter(None, map(_broken_import, (*EXTRA, "actors.cli"))), None)


def _put_first_on_path(directory: str) -> None:
    if sys.path[:1] != [directory]:
        sys.path.insert(0, directory)


def _shadowed_package() -> str | None:
    home = _home()
    for package in PACKAGES:
        expected = home / package
        found = _place_of(package)
        if found != expected:
            return (
                f"mixmode: {package!r} is not the package that mixmode was installed with\n"
                f"  found:    {found or 'nothing'}\n"
                f"  expected: {expected}\n"
                f"Rename the one that was found, or move it into a package of another name, "
                f"or run mixmode from another directory."
            )
    return None


def _home() -> Path:
    """Return where the packages belong: beside the launcher of the clone that they are found in, or beside this one."""
    launcher = Path(__file__).resolve()
    first = _place_of(PACKAGES[0])
    is_clone = first is not None and (first.parent / launcher.name).is_file()
    return first.parent if first is not None and is_clone else launcher.parent


def _place_of(package: str) -> Path | None:
    spec = find_spec(package)
    if spec is None:
        return None
    if spec.submodule_search_locations is not None:  # a package, with or without an __init__.py
        places = list(spec.submodule_search_locations)
        return Path(places[0]).resolve() if places else None
    return Path(spec.origin).resolve() if spec.origin is not None else None


def _broken_import(name: str) -> str | None:
    """Say why a module cannot be imported, and in which file that is: one of the user's may have a name of ours."""
    try:
        import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it is anybody's code
        if name in EXTRA and isinstance(error, ModuleNotFoundError) and error.name == name:
            return "mixmode's command needs its extra: pip install 'mixmode[cli]'"
        return f"mixmode: {name!r} cannot be imported, because of {_file_of(error)!r}: {error!r}"
    return None


def _file_of(error: BaseException) -> str | None:
    """Return the file in which an error arose."""
    if isinstance(error, SyntaxError):
        return error.filename
    *_, (frame, _) = walk_tb(error.__traceback__)
    return frame.f_code.co_filename


if __name__ == "__main__":
    sys.exit(main())
