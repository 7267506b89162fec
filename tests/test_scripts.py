"""The commands of a checkout: plain sh, from any directory, and one helpful line when the machine lacks something."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
SCRIPTS = sorted(path for path in (CHECKOUT / "scripts").iterdir() if path.is_file())
TOOLS = ("sh", "cat", "cksum", "cp", "dirname", "grep", "mkdir", "rm", "sleep")


def with_programs(folder: Path, **programs: str) -> str:
    """A PATH that holds the plain tools of every machine, and `programs`, each one a line of sh."""
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(shutil.which(name) or pytest.fail(f"this machine has no {name}"))
    for name, line in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which nothing has been set up, in a folder with a space in its name."""
    copy = tmp_path / "a checkout"
    assets = Path("src/tallyward/web/assets")
    shutil.copytree(CHECKOUT / "scripts", copy / "scripts")
    shutil.copytree(CHECKOUT / "requirements", copy / "requirements")
    shutil.copytree(CHECKOUT / assets, copy / assets)
    shutil.copy2(CHECKOUT / "pyproject.toml", copy)
    return copy


def run(script: Path, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments], cwd="/", env={"PATH": path}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_plain_sh_that_may_be_run(script: Path) -> None:
    first = script.read_text().splitlines()[0]

    assert os.access(script, os.X_OK)
    assert first == "#!/bin/sh"
    assert "\nset -eu\n" in script.read_text()
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0


def test_the_run_of_a_change_needs_nobody_at_the_keyboard() -> None:
    text = (CHECKOUT / ".ci" / "run").read_text()

    assert os.access(CHECKOUT / ".ci" / "run", os.X_OK)
    assert "</dev/null" in text
    assert "TALLY_TEST_CLIENTS=1" in text
    assert text.index("scripts/check") < text.index("scripts/test"), "the last line shall be that of the tests"


@pytest.mark.parametrize("script", ["run", "test", "check"])
def test_a_machine_without_a_new_enough_python_is_told_in_one_line(checkout: Path, script: str) -> None:
    path = with_programs(checkout / "bin", python3="exit 1")

    said = run(checkout / "scripts" / script, path=path)

    assert said.returncode != 0
    assert len(said.stderr.splitlines()) == 1
    assert "Python 3.11 or newer" in said.stderr
    assert not (checkout / ".venv").exists()
    assert not (checkout / ".cache" / "venv.lock").exists()


def test_a_lock_left_by_a_killed_script_is_no_obstacle(checkout: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (checkout / ".cache" / "venv.lock").mkdir(parents=True)
    (checkout / ".cache" / "venv.lock" / "pid").write_text(f"{gone.pid}\n")

    said = run(checkout / "scripts" / "venv", "server", path=with_programs(checkout / "bin", python3="exit 1"))

    assert "Python 3.11 or newer" in said.stderr


def test_without_the_browser_files_the_rest_goes_on(checkout: Path) -> None:
    path = with_programs(checkout / "bin", node="exit 0", npm="echo no network here >&2; exit 1")

    said = run(checkout / "scripts" / "assets", path=path)

    assert said.returncode == 0
    assert "no network here" in said.stderr
    assert "pages work but do not update by themselves" in said.stderr


def test_packages_are_fetched_once_for_one_lock(checkout: Path, tmp_path: Path) -> None:
    path = with_programs(checkout / "bin", node="exit 0", npm="echo x >>asked")
    source, target = checkout / "src" / "tallyward" / "web" / "assets", tmp_path / "packages"

    for _ in range(2):
        assert run(checkout / "scripts" / "npm-ci", str(source), str(target), path=path).returncode == 0
    assert (target / "asked").read_text() == "x\n"

    (source / "package.json").write_text((source / "package.json").read_text() + "\n")
    assert run(checkout / "scripts" / "npm-ci", str(source), str(target), path=path).returncode == 0
    assert (target / "asked").read_text() == "x\nx\n"
