"""All boards on one ledger, by name: what the API, the pages and the exports read from."""

from tallyward.ledger.database import Database
from tallyward.services.fires import Fires
from tallyward.services.skills import Skills


class Boards:
    """One attribute for each board."""

    def __init__(self, database: Database) -> None:
        self.fires = Fires(database)
        self.skills = Skills(database)
