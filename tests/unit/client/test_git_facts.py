"""What git's files say, held against repositories that git itself made."""

import os
import subprocess

import pytest

from tallyward.client import git_facts
from tallyward.client.home import LaptopConfig

CLEAN = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": os.environ["PATH"]}


def git(folder, *arguments):
    folder.mkdir(parents=True, exist_ok=True)
    author = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    subprocess.run(["git", *author, *arguments], cwd=folder, env=CLEAN, check=True, capture_output=True)


@pytest.fixture
def widget(tmp_path):
    folder = tmp_path / "widget"
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "begin")
    return folder


def test_a_directory_deep_in_a_repository_knows_its_name_and_branch(widget):
    git(widget, "remote", "add", "origin", "https://ann:secret@github.com/acme/widget.git")
    git(widget, "switch", "-q", "-c", "feature/one")
    deep = widget / "src" / "deep"
    deep.mkdir(parents=True)
    found = git_facts.repository(str(deep))
    assert (found.name, found.branch, found.top) == ("acme/widget", "feature/one", str(widget))


def test_without_an_origin_it_goes_by_its_directory(widget):
    assert git_facts.repository(str(widget)).name == "widget"


def test_a_detached_head_is_on_no_branch(widget):
    git(widget, "switch", "-q", "--detach")
    assert git_facts.repository(str(widget)).branch is None


def test_a_worktree_has_its_own_branch_and_its_repositorys_name(widget, tmp_path):
    git(widget, "worktree", "add", "-q", "-b", "beside", str(tmp_path / "elsewhere"))
    found = git_facts.repository(str(tmp_path / "elsewhere"))
    assert (found.name, found.branch, found.top) == ("widget", "beside", str(tmp_path / "elsewhere"))
    git(widget, "remote", "add", "origin", "git@github.com:acme/widget.git")
    assert git_facts.repository(str(tmp_path / "elsewhere")).name == "acme/widget"


def test_a_submodule_is_its_own_repository(widget, tmp_path):
    git(tmp_path / "part", "init", "-q", "-b", "trunk")
    git(tmp_path / "part", "commit", "-q", "--allow-empty", "-m", "begin")
    git(widget, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "part"), "lib/part")
    found = git_facts.repository(str(widget / "lib" / "part"))
    assert (found.name, found.branch) == ("part", "trunk")


def test_references_that_git_has_packed_change_nothing(widget):
    git(widget, "pack-refs", "--all")
    assert git_facts.repository(str(widget)).branch == "main"


@pytest.mark.parametrize("directory", ["/", "/nowhere/at/all", "relative", "", None, 7, "/nul\0"])
def test_outside_of_a_repository_nothing_is_known(directory):
    found = git_facts.repository(directory)
    assert (found.name, found.branch, found.top) == (None, None, None)
    assert found.relative_path("/etc/passwd") is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/widget.git", "acme/widget"),
        ("https://ann:secret@github.com/acme/widget", "acme/widget"),
        ("https://github.com/acme/widget/?token=secret#x", "acme/widget"),
        ("git@github.com:acme/widget.git", "acme/widget"),
        ("ssh://git@github.com:22/acme/widget.git/", "acme/widget"),
        ("https://gitlab.com/group/sub/widget.git", "group/sub/widget"),
        ("host:acme/widget", "acme/widget"),
        ("/srv/git/widget.git", None),
        ("../widget.git", None),
        ("file:///srv/git/widget.git", None),
        ("ann@host:~/widget", None),
        ("https://github.com/widget", None),
        ("", None),
    ],
)
def test_a_url_gives_owner_and_name_and_nothing_secret(url, name):
    assert git_facts.name_of_url(url) == name


def test_a_remote_on_this_machine_tells_no_path(widget, tmp_path):
    git(widget, "remote", "add", "origin", str(tmp_path / "secret-customer" / "origin.git"))
    assert git_facts.repository(str(widget)).name == "widget"


def test_a_path_is_told_from_the_root_of_the_work_tree(widget, tmp_path):
    found = git_facts.repository(str(widget))
    (tmp_path / "link").symlink_to(widget)
    (widget / "out").symlink_to("/etc")
    assert found.relative_path(str(widget / "src" / "a.py")) == "src/a.py"
    assert found.relative_path("src/a.py") == "src/a.py"
    assert found.relative_path(str(tmp_path / "link" / "a.py")) == "a.py"
    assert found.relative_path(str(widget / ".." / "other")) is None
    assert found.relative_path(str(widget / "out" / "passwd")) is None
    assert found.relative_path(str(widget) + "-other/a.py") is None
    assert found.relative_path("nul\0") is None


@pytest.fixture
def person(tmp_path, monkeypatch):
    home = tmp_path / "person"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


def test_the_handle_goes_before_the_name_and_the_repository_before_the_person(widget, person):
    found = git_facts.repository(str(widget))
    assert git_facts.git_user(found, {}) is None
    (person / ".gitconfig").write_text('[user]\n\tname = "Ann B" ; me\n\temail = ann@example.org\n')
    assert git_facts.git_user(found, {}) == "Ann B"
    git(widget, "config", "user.name", "Ann at work")
    assert git_facts.git_user(found, {}) == "Ann at work"
    (person / ".config" / "git").mkdir(parents=True)
    (person / ".config" / "git" / "config").write_text("[GitHub]\nUser = ann-b\n")
    assert git_facts.git_user(found, {}) == "ann-b"


def test_git_files_that_are_no_files_hold_nobody_up(tmp_path):
    folder = tmp_path / "odd" / ".git"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "HEAD")
    os.mkfifo(folder / "config")
    found = git_facts.repository(str(tmp_path / "odd"))
    assert (found.name, found.branch) == ("odd", None)


@pytest.mark.parametrize(
    ("github_user", "engineer_id", "git_name", "expected"),
    [
        ("ann", "bob", "Cid", "ann"),
        ("", "bob", "Cid", "bob"),
        (" ", None, "Cid", "Cid"),
        (None, None, None, None),
    ],
)
def test_the_environment_goes_before_the_token_and_the_token_before_git(
    person, github_user, engineer_id, git_name, expected
):
    if git_name:
        (person / ".gitconfig").write_text(f"[user]\nname = {git_name}\n")
    config = LaptopConfig({"engineer_id": engineer_id} if engineer_id else {})
    environ = {"GITHUB_USER": github_user} if github_user is not None else {}
    assert git_facts.engineer(config, git_facts.repository(None), environ) == expected
