"""Everything that is installed is pinned with its hash, and no file says where from: the machine decides that."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parent.parent
REQUIREMENTS = sorted((CHECKOUT / "requirements").glob("*.txt"))
# Written in two halves, so that this file may hold itself to what it asks.
HALVES = (("registry.npm", "js.org"), ("py", "pi.org"), ("files.python", "hosted.org"), ("registry.yarn", "pkg.com"))
REGISTRY_HOSTS = tuple(map("".join, HALVES))
ENTRY = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; [^\\]+)?(?: \\)?")


def tracked() -> list[Path]:
    """The files of the repository, those about to be added too."""
    names = subprocess.run(
        ["git", "-c", f"safe.directory={CHECKOUT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in names.split("\0") if name and (path := CHECKOUT / name).is_file()]


def package_locks() -> list[Path]:
    return [path for path in tracked() if path.name == "package-lock.json"]


def pins(path: Path) -> dict[str, str]:
    """Name and version of every requirement in a lock file."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith((" ", "#"))]
    entries = [ENTRY.fullmatch(line) for line in lines]
    assert all(entries), f"{path.name} holds a line that is not a pinned requirement: {lines[entries.index(None)]}"
    return {canonicalize_name(entry["name"]): entry["version"] for entry in entries if entry}


def test_there_are_locks_of_both_kinds() -> None:
    assert {"server.txt", "build.txt", "test.txt", "check.txt", "node.txt"} <= {path.name for path in REQUIREMENTS}
    assert package_locks()


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_has_a_hash(path: Path) -> None:
    entries = re.split(r"\n(?! )", path.read_text().strip())

    assert pins(path)
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_npm_package_has_a_hash_and_no_address() -> None:
    for lock in package_locks():
        packages = json.loads(lock.read_text())["packages"]
        assert {name for name, package in packages.items() if "resolved" in package} == set(), lock
        assert {name for name, package in packages.items() if name and "integrity" not in package} == set(), lock


def test_every_npm_lock_agrees_with_its_manifest() -> None:
    for lock in package_locks():
        manifest = json.loads((lock.parent / "package.json").read_text())
        locked = json.loads(lock.read_text())["packages"][""]
        for kind in ("dependencies", "devDependencies"):
            assert manifest.get(kind, {}) == locked.get(kind, {}), f"{lock}: run npm install --package-lock-only"


def test_no_file_names_a_registry() -> None:
    named = [
        f"{path.relative_to(CHECKOUT)}: {host}"
        for path in tracked()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]

    assert named == []


@pytest.mark.parametrize(
    ("file", "extras", "groups"),
    [
        ("server.txt", ["server", "mcp", "backfill"], []),
        ("build.txt", [], ["build"]),
        ("test.txt", ["server", "mcp", "backfill"], ["test", "dashboards", "build"]),
        ("check.txt", ["server", "mcp", "backfill"], ["test", "dashboards", "build", "check"]),
    ],
)
def test_the_locks_hold_what_the_project_asks_for(file: str, extras: list[str], groups: list[str]) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    wanted = [line for group in groups for line in project["dependency-groups"][group]]
    if extras:
        wanted += project["project"]["dependencies"]
    wanted += [line for extra in extras for line in project["project"]["optional-dependencies"][extra]]
    locked = pins(CHECKOUT / "requirements" / file)

    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name), "missing")
        assert version != "missing", f"{requirement} is not in {file}; run scripts/lock"
        assert requirement.specifier.contains(version), f"{file} has {requirement.name} {version}; run scripts/lock"


def test_a_package_has_one_version_in_all_locks() -> None:
    """Two scripts that share .venv would otherwise undo each other's work at every turn."""
    versions: dict[str, set[str]] = {}
    for path in REQUIREMENTS:
        for name, version in pins(path).items():
            versions.setdefault(name, set()).add(version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
