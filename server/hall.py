"""What every request needs, opened once per process."""

import threading
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from jobs import queue
from jobs.database import Database
from jobs.events import Events, Subscriptions
from jobs.files import FileStore, open_files
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.links import Links, open_links
from jobs.plans import Plans, open_plans
from jobs.presence import Presences
from jobs.settings import Settings
from models.catalog import Catalog, load_catalog
from server.arriving import Arrivals
from server.numbers import Numbers
from server.rates import Rates


@dataclass(frozen=True, slots=True)
class Hall:
    settings: Settings
    database: Database
    ledger: Ledger
    keys: Keys
    files: FileStore
    links: Links
    events: Subscriptions
    announcer: Events
    presences: Presences
    catalog: Catalog
    plans: Plans
    rates: Rates
    numbers: Numbers = field(default_factory=Numbers)
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when this process is told to stop: whoever waits for a job is to be answered now."""
    arrivals: Arrivals = field(default_factory=Arrivals)


def open_hall(settings: Settings) -> Hall:
    database = Database(settings.ledger_url)
    redis_url = settings.redis_url or ""
    queue.connect(settings)
    return Hall(
        settings=settings,
        database=database,
        ledger=Ledger(database),
        keys=Keys(database),
        files=open_files(settings),
        links=open_links(settings),
        events=Subscriptions(redis_url),
        announcer=Events(redis_url),
        presences=Presences(redis_url),
        catalog=load_catalog(settings.catalog),
        plans=open_plans(settings.plans, settings.plan),
        rates=Rates(redis_url),
    )


def hall_of(request: Request) -> Hall:
    hall: Hall = request.app.state.hall
    return hall


HallDependency = Annotated[Hall, Depends(hall_of)]
