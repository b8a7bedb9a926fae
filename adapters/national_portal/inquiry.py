"""Reading the portal's answer to "which state of this dossier do you have?" (`TraCuuHoSo`). Pure.

Known: one dossier is asked for by its code. Assumed: that the answer has the fields of `DongBoHoSoMC`, MaHoSo and
TrangThaiHoSo among them. The service asks for codes; none lists the dossiers that the portal has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.national_portal.codes import STATUS
from adapters.national_portal.config import PortalConfig
from adapters.national_portal.dossier import ho_so
from adapters.national_portal.replies import PortalReply
from adapters.wire.retry_after import whole_s
from hub.errors import NotSent, RefusedUs, ReplyUnreadable
from hub.ports import Finding, Job
from schemas.dossier import DossierStatus

_BUSY = frozenset({429, 503})
_REFUSED_US = frozenset({*range(300, 400), 401, 403, 404, 405, 407})
_WORDS = {code: status for status, code in STATUS.items()}


@dataclass(frozen=True, slots=True)
class Stored:
    """A dossier as the portal shows it (port `Shown`). It names people: its fields stay out of its representation."""

    config: PortalConfig = field(repr=False)
    fields: Mapping[str, object] = field(repr=False)

    @property
    def status(self) -> DossierStatus | None:
        """The state in the hub's words; None for one that it has no word for."""
        return _WORDS.get(str(_plain(self.fields["TrangThaiHoSo"])))

    def differing(self, job: Job) -> Sequence[str]:
        """Return the names of the fields that both carry and in which the portal differs from what is sent."""
        return self.differing_from(ho_so(job.submission, job.procedure, self.config))

    def differing_from(self, sent: Mapping[str, object]) -> Sequence[str]:
        """As `differing`, of a dossier in the portal's words."""
        compared = self.fields.keys() - set(self.config.incomparable_fields)
        return [name for name, value in sent.items() if name in compared and not agree(value, self.fields[name])]


def judge(reply: PortalReply, sent: Mapping[str, object], config: PortalConfig) -> Finding:
    """Return whether the portal holds the state that `sent` describes.

    PRESENT only when the stored dossier has our code and our status, and agrees in every other field that both carry.
    ABSENT when the portal does not know the dossier or holds another state: sending again then brings it up to date.
    Errors: those of `stored`.
    """
    found = stored(reply, str(sent["MaHoSo"]), config)
    return Finding.ABSENT if found is None or found.differing_from(sent) else Finding.PRESENT


def stored(reply: PortalReply, code: str, config: PortalConfig) -> Stored | None:
    """Return the dossier that the portal shows; None when it does not know the code.

    ReplyUnreadable when neither can be told; RefusedUs and NotSent when the portal refused to answer.
    """
    _raise_for_refusal(reply, config)
    if not reply.succeeded:
        if config.unknown_dossier.fits(reply.code, reply.text):
            return None
        raise ReplyUnreadable("inquiry was refused")
    if not reply.results:
        return None
    fields = _fields(reply, code)
    if "TrangThaiHoSo" not in fields:
        raise ReplyUnreadable("the stored dossier has no status")
    return Stored(config, fields)


def agree(ours: object, theirs: object) -> bool:
    """Whether two values say the same: texts and numbers alike, lists item by item, objects in their common fields."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return all(agree(value, theirs[key]) for key, value in ours.items() if key in theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(agree, ours, theirs))
    return _plain(ours) == _plain(theirs)


def _plain(value: object) -> object:
    """Nothing, "" and an empty list are alike."""
    if value is None or value == []:
        return ""
    return str(value) if isinstance(value, int | str) else value


def _fields(reply: PortalReply, code: str) -> Mapping[str, object]:
    for one in reply.results:
        if isinstance(one, Mapping) and one.get("MaHoSo") == code:
            return one
    raise ReplyUnreadable("the answer is about something else")


def _raise_for_refusal(reply: PortalReply, config: PortalConfig) -> None:
    if reply.page or reply.http_status in _REFUSED_US:
        raise RefusedUs(f"inquiry: HTTP {reply.http_status}")
    if reply.http_status in _BUSY:
        raise NotSent(f"inquiry: HTTP {reply.http_status}", retry_after_s=whole_s(reply.retry_after_s))
    if not reply.succeeded and config.session_refused.fits(reply.code, reply.text):
        raise RefusedUs("inquiry: session refused after a fresh log-in")
