"""A moment as a forge must tell it: with its zone. One without could not be compared with ours."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Moment = Annotated[datetime, Meta(tz=True)]
