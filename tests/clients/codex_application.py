"""Codex as an application drives it: `codex app-server`, a line of JSON each way."""

import json
import subprocess
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tallyward.testing.scripted_model import Script, ScriptedModel
from tests.clients.codex import PLAIN, PROGRAM, RealCodex

Json = dict[str, Any]


class CodexApplication:
    """`with CodexApplication(codex, "Codex Desktop", script) as application:` is that application, with one thread."""

    def __init__(self, codex: RealCodex, name: str, *scripts: Script) -> None:
        self._codex = codex
        self._name = name
        self._model = ScriptedModel(*scripts)
        self._asked = 0

    def __enter__(self) -> Self:
        self._model.__enter__()
        address = f'model_providers.loop.base_url="{self._model.url}/v1"'
        self._process = subprocess.Popen(
            [str(PROGRAM), "app-server", "-c", address, "-c", f'model="{PLAIN}"'],
            cwd=self._codex.repository,
            env={**self._codex.laptop.environ, "LOOP_KEY": "scripted-key"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ask("initialize", clientInfo={"name": self._name, "title": None, "version": "1"})
        self._say({"method": "initialized"})
        self.thread = self.ask("thread/start", cwd=str(self._codex.repository))["thread"]["id"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()
        if error is not None:
            self._process.kill()
        self._process.wait(20)
        self._process.stdout.close()
        self._model.__exit__(kind, error, trace)

    def ask(self, method: str, **params: Any) -> Json:
        """What the program answers to a request."""
        self._asked += 1
        self._say({"id": self._asked, "method": method, "params": params})
        return self._heard(lambda said: said.get("id") == self._asked)["result"]

    def begin(self, prompt: str) -> str:
        """Begin a turn; its id."""
        return self.ask("turn/start", threadId=self.thread, input=[{"type": "text", "text": prompt}])["turn"]["id"]

    def wait(self, method: str, **params: Any) -> None:
        """Read on until the program tells of this, with these members in what it says."""
        self._heard(lambda said: said.get("method") == method and params.items() <= _flat(said["params"]).items())

    def _say(self, message: Json) -> None:
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _heard(self, wanted: Callable[[Json], bool]) -> Json:
        for line in self._process.stdout:
            said = json.loads(line)
            if wanted(said):
                return said
        raise AssertionError("the program ended without a word of it")


def _flat(params: Json) -> Json:
    """The members, and those of the item that they are about."""
    return {**params.get("item", {}), **{name: value for name, value in params.items() if name != "item"}}
