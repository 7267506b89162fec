"""Somebody who signs in without a screen: follows where they are led, keeps cookies, fills in the provider's forms."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

HTML = {"accept": "text/html", "sec-fetch-site": "same-origin"}
STEPS_MAX = 12
_FORM = re.compile(r'action="([^"]+)"')
_PROMPT = re.compile(r'name="prompt" value="(\w+)"')


@dataclass(frozen=True)
class Arrival:
    """The address by which the provider leads back to us, not yet gone to."""

    address: str

    @property
    def said(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.address).query).items()}


def code_of(answer: httpx2.Response) -> str:
    """The code that a page of ours about a failed sign-in shows."""
    assert "tally_session" not in answer.headers.get("set-cookie", "")
    assert "Back to sign in" in answer.text, answer.text
    return answer.text.partition("Code: <code>")[2].partition("</code>")[0]


class Visitor:
    """A browser without a screen, with its own cookies."""

    def __init__(self, server: str, issuer: str) -> None:
        self.server = server
        self._issuer = issuer
        self.web = httpx2.Client(headers=HTML, timeout=20.0, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()

    def get(self, path: str, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.web.get(urljoin(self.server, path), headers=named)

    def begin(self, tenant: str = "default", onward: str = "/me") -> httpx2.Response:
        return self.get(f"/sign-in/oidc/{tenant}?next={onward}")

    def at_provider(self, address: str, login: str) -> Arrival:
        """Signs in there as `login` and agrees, until it leads back to us."""
        answer = self.web.get(address)
        for _ in range(STEPS_MAX):
            if answer.is_redirect:
                address = urljoin(str(answer.url), answer.headers["location"])
                if address.startswith(self.server):
                    return Arrival(address)
                answer = self.web.get(address)
                continue
            form, prompt = _FORM.search(answer.text), _PROMPT.search(answer.text)
            assert form is not None, answer.text
            assert prompt is not None, answer.text
            body = {"prompt": prompt[1], "login": login, "password": "any"}
            answer = self.web.post(urljoin(self._issuer, form[1]), data=body)
        raise AssertionError(f"the provider leads nowhere: {answer.text}")

    def arrive(self, arrival: Arrival) -> httpx2.Response:
        return self.web.get(arrival.address)

    def sign_in(self, login: str, tenant: str = "default", onward: str = "/me") -> httpx2.Response:
        """The whole way, up to our answer to the code."""
        begun = self.begin(tenant, onward)
        assert begun.status_code == 303, begun.text
        return self.arrive(self.at_provider(begun.headers["location"], login))
