"""InfluxDB 2 and 3, and whatever takes their call: VictoriaMetrics, Telegraf, or another server of ours."""

from collections.abc import Sequence

from tallyward.domain.sink import SinkConfig
from tallyward.sinks._base import Placed
from tallyward.sinks._line_protocol import LineProtocolSink


class InfluxV2(LineProtocolSink):
    """`POST /api/v2/write`, in nanoseconds, with the token as this call has it."""

    @classmethod
    def problems(cls, config: SinkConfig) -> list[str]:
        return [] if config.url else [f"sinks.{config.name}.url is missing"]

    async def send(self, points: Sequence[Placed]) -> None:
        secret = self.secret()
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if secret:
            headers["Authorization"] = f"Token {secret.reveal()}"
        named = {"org": self.config.org, "bucket": self.config.bucket}
        query = {"precision": "ns", **{name: value for name, value in named.items() if value}}
        await self.post("/api/v2/write", query, headers, points)
