"""The operators' desk of a process: what its door asks, and the job that works off orders."""

from datetime import timedelta
from functools import partial

from hub.access import Grants
from hub.app.ground import Ground
from hub.audit.log_audit import LogAudit
from hub.desk.bodies import Bodies
from hub.desk.correction import Corrector
from hub.desk.execution import Execution, ExecutionRooms
from hub.desk.judging import Judge
from hub.desk.letters import LetterRooms, Letters
from hub.desk.placing import ApprovalRule, OrderDesk, OrderRooms
from hub.desk.rulings import RulingWriter
from hub.ingress.desk_endpoints import OperatorsDesk
from hub.ingress.reading import read_model
from hub.pipeline.plan import plan
from hub.pipeline.validate import check_submission
from hub.store.dead_letters import SqlDeadLetters
from hub.store.orders import SqlOrders
from hub.store.precedents import SqlPrecedents
from hub.streams.jobs import Every, Job
from schemas.dossier import DossierCode, DossierSubmission

_LOOK_EVERY_S = 1.0


def operators_desk(ground: Ground, grants: Grants) -> OperatorsDesk:
    """Return what the door asks."""
    homes, secrets = ground.homes, ground.installation.hub.secrets
    bodies, box = Bodies(homes.log, homes.keys), SqlDeadLetters(homes.store)
    letters = LetterRooms(
        grants=grants,
        box=box,
        read_models=homes.read_models,
        log=homes.log,
        bodies=bodies,
        audit=LogAudit(homes.log),
        clock=ground.clock,
        subject_key=secrets.subject_key.get_secret_value(),
    )
    orders = OrderRooms(
        grants=grants,
        box=box,
        book=SqlOrders(homes.store),
        read_models=homes.read_models,
        bodies=bodies,
        judge=Judge(bodies, _corrector(ground)),
        clock=ground.clock,
        fingerprint_key=secrets.fingerprint_key.get_secret_value(),
        approval=_approval(ground),
    )
    return OperatorsDesk(Letters(letters), OrderDesk(orders))


def order_job(ground: Ground) -> Job:
    """Return the job that works off orders."""
    homes = ground.homes
    bodies = Bodies(homes.log, homes.keys)
    execution = Execution(
        ExecutionRooms(
            box=SqlDeadLetters(homes.store),
            book=SqlOrders(homes.store),
            precedents=SqlPrecedents(homes.store),
            bodies=bodies,
            judge=Judge(bodies, _corrector(ground)),
            writer=RulingWriter(homes.log, bodies, ground.clock),
            clock=ground.clock,
            approved_within=_approval(ground).within,
        )
    )
    return Job("orders", Every(_LOOK_EVERY_S), execution.run_once)


def _approval(ground: Ground) -> ApprovalRule:
    operators = ground.installation.hub.operators
    above = operators.approve_bulk_above if operators.approvals else None
    return ApprovalRule(above, timedelta(seconds=operators.order_ttl_s))


def _corrector(ground: Ground) -> Corrector:
    return Corrector(
        read=partial(read_model, DossierSubmission),
        check=lambda submission: check_submission(
            submission, DossierCode.parse(submission.code), ground.catalogue, ground.clock.now()
        ),
        plan=partial(plan, operations=ground.platforms.operations),
    )
