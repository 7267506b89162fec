"""InfluxDB 1, which has databases, and users with passwords."""

import base64
from collections.abc import Sequence

from tallyward.domain.sink import SinkConfig
from tallyward.sinks._base import Placed
from tallyward.sinks._line_protocol import LineProtocolSink


class InfluxV1(LineProtocolSink):
    """`POST /write`, in nanoseconds. `bucket` is the database; `user` has the password in `token_file`."""

    @classmethod
    def problems(cls, config: SinkConfig) -> list[str]:
        missing = [name for name in ("url", "bucket") if not getattr(config, name)]
        found = [f"sinks.{config.name}.{name} is missing" for name in missing]
        if bool(config.user) != bool(config.token_file):
            found.append(f"sinks.{config.name} needs both a user and a token_file with the password, or neither")
        return found

    async def send(self, points: Sequence[Placed]) -> None:
        secret = self.secret()
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if secret:
            packed = base64.b64encode(f"{self.config.user}:{secret.reveal()}".encode()).decode()
            headers["Authorization"] = f"Basic {packed}"
        await self.post("/write", {"db": self.config.bucket, "precision": "ns"}, headers, points)
