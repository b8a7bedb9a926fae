"""The doors of an installation: REST, SOAP, status events and the console, over the same use cases."""

import hmac
import math
from collections.abc import Mapping
from functools import partial

from fastapi import FastAPI

from hub.access import ApiKeys, Grants
from hub.app.desk import operators_desk
from hub.app.ground import Ground
from hub.app.reconciling import reconciling
from hub.audit.log_audit import LogAudit
from hub.console.desk import DeskRooms
from hub.console.pages import Window, pages
from hub.console.pages import Windows as ShownWindows
from hub.console.story import Titles
from hub.disk import DiskGuard
from hub.ingress.acceptance import Acceptance, AcceptanceRooms
from hub.ingress.backlog import Backlog, BacklogLimits, unprojected
from hub.ingress.endpoints import RestRooms
from hub.ingress.event_stream import EventStreams
from hub.ingress.event_tail import EventTail
from hub.ingress.follow import Follow
from hub.ingress.lookup import Lookup, LookupRooms
from hub.ingress.rations import Rations
from hub.ingress.readiness import Check
from hub.ingress.rest import rest_app
from hub.ingress.soap.endpoint import soap_routes
from hub.pipeline.plan import plan
from hub.store.lookups import SqlLookups
from hub.streams.windows import Windows
from schemas.problem import Words
from schemas.topics import AUDIT, COMMANDS

_SESSIONS = b"console sessions"


class Door:
    """The application and the use cases behind it."""

    def __init__(
        self, ground: Ground, disk: DiskGuard, checks: Mapping[str, Check], windows: Windows | None = None
    ) -> None:
        installation, homes, hub = ground.installation, ground.homes, ground.installation.hub
        grants = Grants(installation.systems)
        self.backlog = Backlog(
            overview=homes.read_models.overview,
            unprojected=lambda: unprojected(homes.log, homes.projection, COMMANDS),
            clock=ground.clock,
            limits=BacklogLimits(hub.limits.backlog_max, hub.limits.platform_backlog_max),
        )
        source = ground.platforms.limits(ground.platforms.citizens.platform)
        rations = Rations(
            ground.clock,
            {system.principal: system.quota for system in installation.systems},
            source_per_s=(source.calls_per_s, source.calls_burst) if source.calls_per_s else None,
            source_per_day=source.calls_per_day,
            source_closures=source.closures,
            lookups_since=SqlLookups(homes.store, homes.log.partitions(AUDIT)).since,
        )
        rooms = AcceptanceRooms(
            grants=grants,
            catalogue=ground.catalogue,
            inbox=homes.inbox,
            keys=homes.keys,
            log=homes.log,
            clock=ground.clock,
            metrics=ground.metrics,
            plan=partial(plan, operations=ground.platforms.operations),
            admit=disk.admit,
            fingerprint_key=hub.secrets.fingerprint_key.get_secret_value(),
            require_room=self.backlog.require_room,
            ration=rations.admit,
        )
        self.acceptance = Acceptance(rooms, requests_max=hub.limits.requests_in_flight_max)
        lookup = LookupRooms(
            grants=grants,
            catalogue=ground.catalogue,
            source=ground.platforms.citizens,
            audit=LogAudit(homes.log),
            clock=ground.clock,
            metrics=ground.metrics,
            subject_key=hub.secrets.subject_key.get_secret_value(),
            rations=rations,
            manners=ground.platforms.manners,
        )
        self.events = EventStreams(EventTail(homes.log, ground.clock), grants, ground.clock, ground.metrics)
        pepper = hub.secrets.api_key_pepper.get_secret_value()
        rest = RestRooms(
            api_keys=ApiKeys(installation.systems, pepper),
            acceptance=self.acceptance,
            lookup=Lookup(lookup, deadline_s=hub.deadlines.lookup_s),
            follow=Follow(grants, homes.read_models, rooms.recent),
            read_models=homes.read_models,
            metrics=ground.metrics,
            clock=ground.clock,
            events=self.events,
            desk=operators_desk(ground, grants),
            reconciling=reconciling(ground, grants),
            checks=checks,
            body_bytes_max=hub.limits.body_bytes_max,
            body_wait_s=hub.deadlines.accept_s,
        )
        titles = Titles(
            platforms={
                name: Words(platform.section.title_vi or name, platform.section.title_en or name)
                for name, platform in ground.platforms.sections.items()
            },
            agencies={str(agency.code): agency.name for agency in installation.agencies},
        )
        desk = DeskRooms(
            authenticate=rest.api_keys.authenticate,
            timeline=rest.follow.timeline,
            clock=ground.clock,
            # The same in every process of the installation, and of no use where API keys are checked.
            session_key=hmac.digest(pepper, _SESSIONS, "sha256"),
            titles=titles,
            late_after_s=hub.deadlines.late_after_s,
        )
        self.app: FastAPI = rest_app(
            rest,
            pages(hub.title, titles.platforms, sandbox=hub.sandbox, desk=desk, windows=_shown(windows)),
            doors=soap_routes(rest, hub.public_url),
        )


def _shown(windows: Windows | None) -> ShownWindows | None:
    """Return what the live page asks for rates; a process that measures none shows none."""
    if windows is None:
        return None

    async def last_minute() -> Mapping[str, Window]:
        return {
            platform: Window(
                per_minute=sum(window.classes.values()),
                p50_s=_finite(window.quantile_s(0.5)),
                p95_s=_finite(window.quantile_s(0.95)),
            )
            for platform, window in windows.last_minute().items()
        }

    return last_minute


def _finite(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None
