"""What users get: the wheel, and the launcher of the `mixmode` command."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.limits import LONG

ROOT = Path(__file__).parents[1]
TOO_LONG = LONG
LEFT_OUT = (".?*", "build", "dist", "*.egg-info", "__pycache__")

BLOCK_AND_LAUNCH = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())

import mixmode
sys.exit(mixmode.main())
"""


def run(
    command: Sequence[str | Path], *, cwd: Path, pythonpath: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if pythonpath is not None:
        environment["PYTHONPATH"] = str(pythonpath)
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TOO_LONG,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Return the wheel, built from a copy of the checkout so that nothing is left in it."""
    source = tmp_path_factory.mktemp("wheel") / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*LEFT_OUT))
    build = run([sys.executable, "-m", "build", "--wheel", "--no-isolation"], cwd=source)
    assert build.returncode == 0, build.stdout + build.stderr
    (path,) = (source / "dist").glob("*.whl")
    return ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a directory with the launcher beside stand-ins for both packages."""
    site = tmp_path / "site"
    for package in ("actors", "supervisors"):
        (site / package).mkdir(parents=True)
        (site / package / "__init__.py").touch()
    shutil.copy(ROOT / "mixmode.py", site)
    (site / "actors" / "cli.py").write_text(
        "def main() -> int:\n    import flows\n    print(flows.__file__)\n    return 7\n"
    )
    return site


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """Return the directory of a user who has a module of their own in it."""
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    (workplace / "flows.py").touch()
    return workplace


def test_wheel_holds_all_of_both_packages_and_the_launcher_and_nothing_else(wheel: ZipFile) -> None:
    modules = [
        str(path.relative_to(ROOT)) for package in ("actors", "supervisors") for path in (ROOT / package).rglob("*.py")
    ]
    typed = ["actors/py.typed", "supervisors/py.typed"]

    packed = [name for name in wheel.namelist() if ".dist-info/" not in name]

    assert sorted(packed) == sorted([*modules, *typed, "mixmode.py"])


def test_wheel_says_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "mixmode"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE"
    assert set(metadata["Requires-Python"].split(",")) == {">=3.11", "<3.14"}


def test_core_needs_exactly_four_distributions(metadata: Message) -> None:
    needed = [
        requirement.partition(";")[0]
        for requirement in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in requirement
    ]

    assert sorted(needed) == [
        "msgpack<2,>=1.1",
        "prometheus-client<1,>=0.21",
        "pydantic<3,>=2.8",
        "pykka<4.6,>=4.5",
    ]


def test_wheel_installs_the_command(wheel: ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))

    assert "mixmode = mixmode:main" in wheel.read(name).decode().splitlines()


@pytest.mark.parametrize("how", [["-m", "mixmode"], ["-c", "import mixmode, sys; sys.exit(mixmode.main())"]])
def test_launcher_hands_over_to_the_command_and_finds_modules_in_the_current_directory(
    installed: Path, workplace: Path, how: list[str]
) -> None:
    launched = run([sys.executable, *how], cwd=workplace, pythonpath=installed)

    assert (launched.returncode, launched.stderr) == (7, "")
    assert launched.stdout.strip() == str(workplace / "flows.py")


def test_launcher_finds_nothing_shadowed_beside_itself(installed: Path) -> None:
    (installed / "flows.py").touch()

    launched = run([sys.executable, "mixmode.py"], cwd=installed)

    assert (launched.returncode, launched.stderr) == (7, "")


@pytest.mark.parametrize("package", ["actors", "supervisors"])
@pytest.mark.parametrize("form", ["{}/__init__.py", "{}.py"])
def test_launcher_refuses_a_package_of_the_users_in_the_place_of_ours(
    installed: Path, workplace: Path, package: str, form: str
) -> None:
    theirs = workplace / form.format(package)
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("raise SystemExit('imported by mistake')")
    found = theirs if theirs.parent == workplace else theirs.parent

    launched = run([sys.executable, installed / "mixmode.py"], cwd=workplace)

    assert (launched.returncode, launched.stdout) == (2, "")
    assert launched.stderr.splitlines() == [
        f"mixmode: {package!r} is not the package that mixmode was installed with",
        f"  found:    {found}",
        f"  expected: {installed / package}",
        "Rename the one that was found, or move it into a package of another name, "
        "or run mixmode from another directory.",
    ]


def test_launcher_takes_the_packages_of_a_clone_that_it_is_run_in(installed: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(installed, clone)
    (clone / "flows.py").touch()

    launched = run([sys.executable, installed / "mixmode.py"], cwd=clone)

    assert (launched.returncode, launched.stderr) == (7, "")
    assert launched.stdout.strip() == str(clone / "flows.py")


def test_launcher_refuses_one_package_of_a_clone_without_the_other(installed: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(installed, clone)
    shutil.rmtree(clone / "supervisors")

    launched = run([sys.executable, installed / "mixmode.py"], cwd=clone)

    assert launched.returncode == 2
    assert f"  expected: {clone / 'supervisors'}\n" in launched.stderr


@pytest.mark.parametrize("place", ["actors/__init__.py", "actors/cli.py", "supervisors/__init__.py"])
def test_launcher_ends_at_a_ctrl_c_without_a_traceback(installed: Path, workplace: Path, place: str) -> None:
    module = installed / place
    module.write_text(f"import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n{module.read_text()}")
    (installed / "actors" / "__init__.py").write_text(
        f"{(installed / 'actors' / '__init__.py').read_text()}\nimport supervisors"
    )

    launched = run([sys.executable, installed / "mixmode.py"], cwd=workplace)

    assert (launched.returncode, launched.stdout, launched.stderr) == (130, "", "")


def test_launcher_ends_without_a_traceback_when_the_command_is_interrupted(installed: Path, workplace: Path) -> None:
    (installed / "actors" / "cli.py").write_text("def main() -> int:\n    raise KeyboardInterrupt\n")

    launched = run([sys.executable, installed / "mixmode.py"], cwd=workplace)

    assert (launched.returncode, launched.stderr) == (130, "")


def test_launcher_lets_an_ignored_ctrl_c_be_ignored(installed: Path, workplace: Path) -> None:
    (installed / "supervisors" / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    (installed / "actors" / "__init__.py").write_text("import supervisors\n")
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); import mixmode; sys.exit(mixmode.main())"
    )

    launched = run([sys.executable, "-c", program], cwd=workplace, pythonpath=installed)

    assert (launched.returncode, launched.stderr) == (7, "")


def test_launcher_lets_a_folder_without_modules_stand(installed: Path, workplace: Path) -> None:
    (workplace / "actors").mkdir()

    launched = run([sys.executable, installed / "mixmode.py"], cwd=workplace)

    assert (launched.returncode, launched.stderr) == (7, "")


def test_launcher_says_when_a_package_is_gone(installed: Path, workplace: Path) -> None:
    shutil.rmtree(installed / "supervisors")

    launched = run([sys.executable, "-S", installed / "mixmode.py"], cwd=workplace)

    assert launched.returncode == 2
    assert "  found:    nothing\n" in launched.stderr


@pytest.mark.parametrize("blocked", ["click", "rich"])
def test_launcher_without_its_extra_says_how_to_get_it(installed: Path, workplace: Path, blocked: str) -> None:
    program = BLOCK_AND_LAUNCH.format(blocked=blocked)

    launched = run([sys.executable, "-c", program], cwd=workplace, pythonpath=installed)

    assert (launched.returncode, launched.stdout) == (2, "")
    assert launched.stderr == "mixmode's command needs its extra: pip install 'mixmode[cli]'\n"


@pytest.mark.parametrize("name", ["click", "rich", "json"])
@pytest.mark.parametrize("content", ["raise OSError('no')", "raise SystemExit(7)", "x ="])
def test_launcher_says_which_module_of_the_users_is_in_the_way(
    installed: Path, workplace: Path, name: str, content: str
) -> None:
    (installed / "actors" / "cli.py").write_text("import json\n")
    (workplace / f"{name}.py").write_text(content)

    launched = run([sys.executable, installed / "mixmode.py"], cwd=workplace)

    assert (launched.returncode, launched.stdout) == (2, "")
    assert f"cannot be imported, because of {str(workplace / f'{name}.py')!r}: " in launched.stderr
    assert len(launched.stderr.splitlines()) == 1


def test_launcher_says_that_the_current_directory_is_gone(installed: Path, workplace: Path) -> None:
    program = f"import os\nos.rmdir({str(workplace / 'gone')!r})\nimport mixmode\nraise SystemExit(mixmode.main())"
    (workplace / "gone").mkdir()

    launched = run([sys.executable, "-c", program], cwd=workplace / "gone", pythonpath=installed)

    assert launched.returncode == 2
    assert launched.stderr == "mixmode: the current directory cannot be found: No such file or directory\n"
