"""A check of CI that used to be allowed to fail may not any more: the first turn of the ratchet.

The workflow is read line by line, by its indentation, which is all that this needs of YAML: a job is a key under
`jobs:`, and it lasts until a line that is indented no deeper.
"""

import re
from collections.abc import Iterator

from tallyward.accept._base import Check, Facts, Verdict, cannot_tell, green, named, red, unreadable

_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w.-]+|\"[^\"]+\"|'[^']+'):(?:\s|$)")
_TOLERANT = re.compile(r"^\s*(?:-\s+)?continue-on-error:\s*(?!false\b)\S")


class RatchetFlipped(Check):
    """The bandit job of code-quality.yml fails the build when it finds something."""

    place = 60
    title = "Ratchet flipped"
    proves = "continue-on-error is removed from the bandit job in code-quality.yml."
    command = "grep -n continue-on-error .github/workflows/code-quality.yml"

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """Without such a job nothing is proved, so that deleting the job does not turn it green."""
        missing = unreadable(facts.checkouts)
        if missing:
            return cannot_tell(missing)
        path, job = facts.settings.ratchet_workflow, facts.settings.ratchet_job
        found = {
            repo: list(job_lines(checkout.workflows[path], job))
            for repo, checkout in facts.checkouts.items()
            if path in checkout.workflows
        }
        jobs = {repo: lines for repo, lines in found.items() if lines}
        if not jobs:
            return cannot_tell(f"a job {job} in {path} of a checkout, and there is none.")
        tolerant = tuple(repo for repo, lines in jobs.items() if any(map(_TOLERANT.match, lines)))
        if tolerant:
            return red("may fail", f"continue-on-error is still in the job {job} of {named(tolerant)}.")
        return green("must pass", f"The job {job} of {named(tuple(jobs))} fails the build.")


def job_lines(workflow: str, job: str) -> Iterator[str]:
    """The lines of every job whose key or name holds `job`."""
    for key, lines in _jobs(workflow):
        names = [line.partition(":")[2].strip() for line in lines if line.strip().startswith(("name:", "- name:"))]
        if any(job in name.lower() for name in (key.lower(), *map(str.lower, names))):
            yield from lines


def _jobs(workflow: str) -> Iterator[tuple[str, list[str]]]:
    """The jobs by their keys, each with its lines."""
    inside, depth = False, 0
    key, lines = "", list[str]()
    for line in workflow.splitlines():
        text = line.split(" #")[0].rstrip()
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        match = _KEY.match(text)
        indent = len(text) - len(text.lstrip())
        if indent == 0:
            inside = text.startswith("jobs:")
            depth = 0
            continue
        if inside and match and (depth in (0, indent)):
            if key:
                yield key, lines
            depth, key, lines = indent, match["key"].strip("\"'"), []
        elif inside:
            lines.append(text)
    if key:
        yield key, lines
