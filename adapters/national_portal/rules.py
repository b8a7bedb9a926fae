"""What the portal's replies mean: the outcome tables that apply where the configuration gives none.

Known from senders in production: code "0" (also "00") with "thành công" is success; code "3" or "-3" with "đã tồn tại"
is a duplicate. All other rows are assumed and are meant to be replaced when the portal's own table is known.
"""

from collections.abc import Sequence

from adapters.national_portal.config import PortalConfig, Recognition
from adapters.wire.table import Rule
from hub.ports import OutcomeRule
from schemas.delivery import OutcomeClass as Is

OK = (200, 299)
SUCCESS_CODES = ("0", "00")
NOT_SUCCESS = r"(không|chưa)(\s+\w+){0,4}\s+thành công"
"""Contains "thành công" and says the contrary."""

SYSTEM_TROUBLE = r"lỗi hệ thống|hệ thống.{0,20}(bận|lỗi|gián đoạn)|timeout|time out|exception"
OUR_ACCOUNT = r"\b(dstcode|madonvi|charset)\b|không có dịch vụ|đăng nhập|mật khẩu"
"""Speaks of what every call carries alike, not of one dossier."""

HTML = r"^\s*<(!doctype|html|head|body)"


def sync_rules(config: PortalConfig) -> Sequence[OutcomeRule]:
    """Return the table of `DongBoHoSoMC`."""
    if config.sync_rules:
        return _rows(config.sync_rules)
    # The portal still says "exists" after the switch to an update: what it holds can only be told by asking.
    return (*_success(), *_recognised(Is.UNKNOWN, config.duplicate), *_common(config))


def progress_rules(config: PortalConfig) -> Sequence[OutcomeRule]:
    """Return the table of `CapNhatTienDoHoSoMC`."""
    return _rows(config.progress_rules) if config.progress_rules else (*_success(), *_common(config))


def _rows(rules: Sequence[Rule]) -> Sequence[OutcomeRule]:
    return tuple(rule.row() for rule in rules)


def _recognised(outcome: Is, what: Recognition) -> Sequence[OutcomeRule]:
    """Return the rows for replies that `what` fits."""
    codes: Sequence[str | None] = what.codes or ([None] if what.text else [])
    return tuple(OutcomeRule(outcome, http_status=OK, code=code, text=what.text or None) for code in codes)


def _success() -> Sequence[OutcomeRule]:
    """A success code counts only with the words of success; with other words nobody knows what happened."""
    return tuple(
        row
        for code in SUCCESS_CODES
        for row in (
            OutcomeRule(Is.UNKNOWN, http_status=OK, code=code, text=NOT_SUCCESS),
            OutcomeRule(Is.DELIVERED, http_status=OK, code=code, text="thành công"),
            OutcomeRule(Is.UNKNOWN, http_status=OK, code=code),
        )
    )


def _common(config: PortalConfig) -> Sequence[OutcomeRule]:
    """The assumed rows."""
    return (
        OutcomeRule(Is.REFUSED_US, http_status=OK, code="", text=HTML),  # a firewall's page instead of the portal
        *_recognised(Is.REFUSED_US, config.session_refused),  # after one fresh log-in
        OutcomeRule(Is.REFUSED_US, http_status=(200, 499), text=OUR_ACCOUNT),
        OutcomeRule(Is.UNKNOWN, http_status=OK, text=SYSTEM_TROUBLE),
        OutcomeRule(Is.REFUSED_MESSAGE, http_status=OK),
        OutcomeRule(Is.REFUSED_US, http_status=(300, 399)),  # moved: the path is wrong
        OutcomeRule(Is.REFUSED_MESSAGE, http_status=(400, 400)),
        OutcomeRule(Is.UNKNOWN, http_status=(408, 408)),
        OutcomeRule(Is.REFUSED_MESSAGE, http_status=(413, 413)),
        OutcomeRule(Is.REFUSED_MESSAGE, http_status=(422, 422)),
        OutcomeRule(Is.UNAVAILABLE, http_status=(429, 429)),
        OutcomeRule(Is.REFUSED_US, http_status=(400, 499)),  # password, address, path
        OutcomeRule(Is.UNAVAILABLE, http_status=(503, 503)),  # by its definition, not handled
    )
