"""What an order comes to for one delivery: nothing any more, a refusal, or what is to be sent from here on."""

from dataclasses import dataclass, replace

from hub.desk.bodies import Bodies
from hub.desk.correction import Corrector, Patch
from hub.errors import Invalid, Unsealable
from hub.ports.desk import ItemState, OrderItem, Standing
from schemas.dead_letter import LetterState
from schemas.dossier import DossierSubmission
from schemas.order import OrderAction

_PATH_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A delivery of an order, judged: APPENDED says that a ruling is to be appended, with the corrected body if any."""

    item: OrderItem
    submission: DossierSubmission | None = None


class Judge:
    """Opens bodies only where something is to be corrected."""

    def __init__(self, bodies: Bodies, corrector: Corrector) -> None:
        self._bodies = bodies
        self._corrector = corrector

    async def judge(
        self, item: OrderItem, standing: Standing | None, action: OrderAction, patch: Patch | None
    ) -> Judged:
        """Judge one delivery as it stands now. Errors: those of log and keys that can pass."""
        waits = LetterState.IN_DOUBT if action.settles_doubt else LetterState.DEAD
        if standing is None or standing.waits is not waits:
            return Judged(replace(item, state=ItemState.VOID))
        appended = replace(item, state=ItemState.APPENDED, heard_to=standing.heard_to)
        if patch is None:
            return Judged(appended)
        try:
            corrected = self._corrector.corrected(await self._bodies.present(standing), patch)
        except Invalid as broken:
            first = broken.broken[0]
            return Judged(_refused(item, first.path, first.rule))
        except Unsealable:
            return Judged(_refused(item, "$", "unreadable"))
        return Judged(appended, corrected)


def _refused(item: OrderItem, path: str, rule: str) -> OrderItem:
    return replace(item, state=ItemState.REFUSED, path=path[:_PATH_CHARS_MAX], rule=rule)
