"""What the shepherd needs of a GitHub that is played: the folder of a tenant, and that it shows what was said."""

from pathlib import Path
from typing import Any

from tallyward.testing.forge_stage import REPO
from tests.forges.github_stage import ISSUE, GithubStage


def tenants_folder(folder: Path, address: str, *, acts: bool) -> Path:
    """`[[forges]]` with one repository, in which it may act or not."""
    home = folder / "tenants" / "default"
    home.mkdir(parents=True)
    (home / "token").write_text("a-token\n", encoding="utf-8")
    acting = f'["{REPO}"]' if acts else "[]"
    (home / "tenant.toml").write_text(
        f'[[forges]]\nname = "github"\napi_url = "{address}"\ntoken_file = "token"\nrepos = ["{REPO}"]\n'
        f"shepherd = {acting}\n",
        encoding="utf-8",
    )
    return home.parent


def shows_comments(played: GithubStage, *others: str) -> None:
    """From now on it tells the comments of others and every one that was made."""
    example = played.example("GET", "/repos/a/b/issues/1/comments")[0]

    def comments(_: object) -> list[Any]:
        told = [*others, *comments_of(played)]
        return [{**example, "id": number, "body": body} for number, body in enumerate(told, 1)]

    played.server.answer("GET", f"{ISSUE}/comments", comments)


def comments_of(played: GithubStage) -> list[str]:
    """What was said, in order."""
    return [body for what, _, *rest in played.written() if what == "comment" for body in rest]
