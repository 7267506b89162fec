"""The hook's own HMAC, held against the library's."""

from hypothesis import given
from hypothesis import strategies as st

from tallyward.client.fingerprint import keyed_hash
from tallyward.redact import Secret
from tallyward.redact import keyed_hash as of_the_library


@given(key=st.sampled_from(["", "k", "ab" * 32, "x" * 64, "y" * 65, "naïve" * 40]), content=st.binary(max_size=300))
def test_it_is_the_same_hash_as_the_librarys(key, content):
    assert keyed_hash(key, content) == of_the_library(Secret(key), content)


def test_another_key_gives_another_hash():
    assert keyed_hash("a", b"echo") != keyed_hash("b", b"echo")
