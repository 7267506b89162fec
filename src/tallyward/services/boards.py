"""All boards on one ledger, by name: what the API, the pages and the exports read from."""

from tallyward.ledger.database import Database
from tallyward.services.agents import Agents
from tallyward.services.audit import Audit
from tallyward.services.capture import Capture
from tallyward.services.cost import Cost
from tallyward.services.fires import Fires
from tallyward.services.measures import Measures
from tallyward.services.pull_request_board import PullRequestBoard
from tallyward.services.requests import Requests
from tallyward.services.sessions import Sessions
from tallyward.services.skills import Skills
from tallyward.services.tenants import Tenants


class Boards:
    """One attribute for each board."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self.agents = Agents(database, tenants)
        self.audit = Audit(database)
        self.capture = Capture(database)
        self.cost = Cost(database)
        self.fires = Fires(database)
        self.measures = Measures(database, tenants)
        self.pull_requests = PullRequestBoard(database)
        self.requests = Requests(database)
        self.sessions = Sessions(database)
        self.skills = Skills(database)
