"""Judging the portal's answer to "which state of this dossier do you have?" (`TraCuuHoSo`). Pure."""

from collections.abc import Mapping

from adapters.national_portal.config import PortalConfig
from adapters.national_portal.replies import PortalReply
from hub.errors import NotSent, RefusedUs, ReplyUnreadable
from hub.ports import Finding

_BUSY = frozenset({429, 503})
_REFUSED_US = frozenset({*range(300, 400), 401, 403, 404, 405, 407})


def judge(reply: PortalReply, sent: Mapping[str, object], config: PortalConfig) -> Finding:
    """Return whether the portal holds the state that `sent` describes.

    PRESENT only when the stored dossier has our code and our status, and agrees in every other field that both carry.
    ABSENT when the portal does not know the dossier or holds another state: sending again then brings it up to date.
    ReplyUnreadable when neither can be told; RefusedUs and NotSent when the portal refused to answer.
    """
    _raise_for_refusal(reply, config)
    if not reply.succeeded:
        if config.unknown_dossier.fits(reply.code, reply.text):
            return Finding.ABSENT
        raise ReplyUnreadable("inquiry was refused")
    if not reply.results:
        return Finding.ABSENT
    stored = _stored(reply, str(sent["MaHoSo"]))
    if "TrangThaiHoSo" not in stored:
        raise ReplyUnreadable("the stored dossier has no status")
    return Finding.PRESENT if agree(sent, stored) else Finding.ABSENT


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


def _stored(reply: PortalReply, code: str) -> Mapping[str, object]:
    for one in reply.results:
        if isinstance(one, Mapping) and one.get("MaHoSo") == code:
            return one
    raise ReplyUnreadable("the answer is about something else")


def _raise_for_refusal(reply: PortalReply, config: PortalConfig) -> None:
    if reply.page or reply.http_status in _REFUSED_US:
        raise RefusedUs(f"inquiry: HTTP {reply.http_status}")
    if reply.http_status in _BUSY:
        raise NotSent(f"inquiry: HTTP {reply.http_status}")
    if not reply.succeeded and config.session_refused.fits(reply.code, reply.text):
        raise RefusedUs("inquiry: session refused after a fresh log-in")
