"""What a forge's reader is given to make facts of words with."""

from collections.abc import Callable, Sequence

AgentsNamedIn = Callable[[str], Sequence[str]]  # a commit's message; the agents that its trailers tell of
