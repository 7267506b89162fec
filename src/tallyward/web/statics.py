"""Styles, scripts and the mark: read once, named by their content, cached by browsers for ever.

Only files that stand in the folder when they are first asked for exist; a name is looked up, never joined to a path.
Third-party files live in `static/vendor/`, put there by `scripts/assets`; the pages work without them, only not live.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"
DIGEST_CHARS = 12  # 48 bits of a file's hash: enough to tell two builds apart in an address
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    content: bytes
    digest: str
    media_type: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Every file of the folder whose kind we serve, by its path in it."""
    found: dict[str, StaticFile] = {}
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix in MEDIA_TYPES and file.is_file():
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:DIGEST_CHARS]
            found[file.relative_to(FOLDER).as_posix()] = StaticFile(content, digest, MEDIA_TYPES[file.suffix])
    return found


def static_url(name: str) -> str | None:
    """The address of a file, with its content's hash; None when it is not there."""
    file = static_files().get(name)
    return f"/static/{name}?v={file.digest}" if file else None


async def static(request: Request) -> Response:
    """One file. Whoever asks by the hash of this very content may keep it; anyone else asks again next time."""
    file = static_files().get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    fresh = request.query_params.get("v") == file.digest
    headers = {"cache-control": FOR_EVER if fresh else "no-cache", "x-content-type-options": "nosniff"}
    return Response(file.content, media_type=file.media_type, headers=headers)


def static_routes() -> list[Route]:
    """The route of these files. Anyone may read them: they say nothing of anybody."""
    return [Route("/static/{name:path}", static, methods=["GET"])]
