"""A forge's published description of its API, and whether a request or an answer is as it says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    template: str
    method: str
    raw: dict[str, Any]
    parameters: list[dict[str, Any]]


class Description:
    """An OpenAPI 3.0 document. References are followed for what is used, not for all of it."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_text(encoding="utf-8"))
        self._templates = [(_pattern(template), template) for template in self._document["paths"]]
        self._validators: dict[str, Draft202012Validator] = {}

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation at this address, and the names in it; the one with the fewest names where several fit."""
        fitting = [(template, found) for pattern, template in self._templates if (found := pattern.fullmatch(path))]
        for template, found in sorted(fitting, key=lambda each: each[0].count("{")):
            raw = self._document["paths"][template].get(method.lower())
            if raw is not None:
                named = [self._resolved(each) for each in raw.get("parameters", [])]
                values = dict(zip(re.findall(r"{(.+?)}", template), map(unquote, found.groups()), strict=True))
                return Operation(template, method.upper(), raw, named), values
        return None

    def problems(self, found: Operation, values: Mapping[str, str], query: Mapping[str, str], body: Any) -> list[str]:
        """What is wrong with a request, one sentence each."""
        told = [
            *self._parameter_problems(found, "path", values),
            *self._parameter_problems(found, "query", query),
        ]
        wanted = self._resolved(found.raw.get("requestBody") or {})
        schema = wanted.get("content", {}).get("application/json", {}).get("schema")
        if body is None:
            return [*told, "a body is missing"] if wanted.get("required") else told
        if schema is None:
            return [*told, "a body came where none is known"]
        known = self.names(schema)
        strange = sorted(set(body) - known) if known and isinstance(body, dict) else []
        return [*told, *(f"{name} is no field of the body" for name in strange), *self.wrong(schema, body)]

    def answer_problems(self, found: Operation, status: int, body: Any) -> list[str]:
        """What is wrong with an answer that a test gives."""
        answers = found.raw["responses"]
        if str(status) not in answers:
            return [f"{found.method} {found.template} is not known to answer {status}"]
        schema = self._resolved(answers[str(status)]).get("content", {}).get("application/json", {}).get("schema")
        return [] if schema is None else self.wrong(schema, body)

    def example(self, found: Operation, status: int) -> Any:
        """The description's own example of an answer; None where it has none."""
        content = self._resolved(found.raw["responses"][str(status)]).get("content", {}).get("application/json", {})
        for each in content.get("examples", {}).values():
            return json.loads(json.dumps(self._resolved(each)["value"]))
        return None

    def success(self, found: Operation) -> int:
        return min(int(status) for status in found.raw["responses"] if status.startswith("2"))

    def names(self, schema: Mapping[str, Any]) -> set[str]:
        """The fields that an object of this schema may have, in any of its forms."""
        resolved = self._resolved(schema)
        found = set(resolved.get("properties", {}))
        for each in (*resolved.get("allOf", ()), *resolved.get("oneOf", ()), *resolved.get("anyOf", ())):
            found |= self.names(each)
        return found

    def wrong(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(self._closed(schema))
        errors = sorted(self._validators[key].iter_errors(value), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:300]}" for error in errors[:5]]

    def _parameter_problems(self, found: Operation, where: str, values: Mapping[str, str]) -> list[str]:
        known = {each["name"]: each for each in found.parameters if each["in"] == where}
        told = [
            f"{name} is no parameter of {found.template}" for name in values if where == "query" and name not in known
        ]
        told += [f"{name} is missing" for name, each in known.items() if each.get("required") and name not in values]
        for name, value in values.items():
            if name in known:
                schema = self._resolved(known[name]["schema"])
                told += [f"{name}: {each}" for each in self.wrong(schema, _typed(schema, value))]
        return told

    def _resolved(self, node: Mapping[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = self._at(node["$ref"])
        return dict(node)

    def _at(self, reference: str) -> dict[str, Any]:
        node = self._document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        return node

    def _closed(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema with everything that it refers to, as JSON Schema knows it."""
        definitions: dict[str, Any] = {}
        root = self._converted(schema, definitions)
        return {"allOf": [root], "$defs": definitions}

    def _converted(self, node: Any, definitions: dict[str, Any]) -> Any:
        if isinstance(node, list):
            return [self._converted(each, definitions) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"].replace("/", "-").removeprefix("#-")
            if name not in definitions:
                definitions[name] = True  # so that a schema that refers to itself comes to an end
                definitions[name] = self._converted(self._at(node["$ref"]), definitions)
            return {"$ref": f"#/$defs/{name}"}
        made = {
            key: self._converted(value, definitions)
            for key, value in node.items()
            if key not in {"example", "examples"}
        }
        return {"anyOf": [made, {"type": "null"}]} if made.pop("nullable", False) is True else made


@cache
def described(path: Path) -> Description:
    return Description(path)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"{.+?}", template)
    return re.compile("([^/]+)".join(map(re.escape, parts)))


def _typed(schema: Mapping[str, Any], value: str) -> Any:
    if schema.get("type") == "integer" and value.lstrip("-").isdigit():
        return int(value)
    if schema.get("type") == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value
