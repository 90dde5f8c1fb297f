"""Launch the `mixmode` command, once it is sure to import the packages it was installed with.

The installed packages are called `actors` and `supervisors`. A program whose own package has one
of these names would be imported in their place, and fail in ways that do not tell why.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("actors", "supervisors")
EXTRA = ("click", "rich")
MISUSED = 2


def main() -> int:
    """Run the command on `sys.argv` and return its exit code.

    The current directory is put on `sys.path`, so that the user's modules are found as by
    `python -m`. Says on stderr why the command cannot start when it cannot, and returns 2.
    """
    _put_first_on_path(str(Path.cwd()))
    obstacle = _shadowed_package() or _missing_extra()
    if obstacle is not None:
        print(obstacle, file=sys.stderr)
        return MISUSED
    # Late on purpose: only now is it known whose `actors` this is, and that it can be imported.
    from actors import cli  # noqa: PLC0415

    return cli.main()


def _put_first_on_path(directory: str) -> None:
    if sys.path[:1] != [directory]:
        sys.path.insert(0, directory)


def _shadowed_package() -> str | None:
    home = Path(__file__).parent.resolve()
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


def _place_of(package: str) -> Path | None:
    spec = find_spec(package)
    if spec is None:
        return None
    if spec.submodule_search_locations is not None:  # a package, with or without an __init__.py
        places = list(spec.submodule_search_locations)
        return Path(places[0]).resolve() if places else None
    return Path(spec.origin).resolve() if spec.origin is not None else None


def _missing_extra() -> str | None:
    for name in EXTRA:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:  # it is there, and something that it needs is not
                raise
            return "mixmode's command needs its extra: pip install 'mixmode[cli]'"
    return None


if __name__ == "__main__":
    sys.exit(main())
