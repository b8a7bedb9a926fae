"""One event of a dossier in EMC's words: the body of `POST /TrackingMCDT`. Pure.

All values are texts but for SiteId, a number. The owner is named as `user_identity` says, which is by a keyed digest
unless an operator decides otherwise (Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15).
"""

import hashlib
import hmac

import orjson

from adapters.monitoring.emc import codes
from adapters.monitoring.emc.config import EmcConfig, FieldNames, Identity
from adapters.wire.booleans import ONE_ZERO
from schemas.dossier import Applicant, ApplicantKind, Channel, DossierSubmission, ResultDelivery
from schemas.procedure import Procedure

Body = dict[str, str | int | None]

_PSEUDONYM_CHARS = 32


def event(submission: DossierSubmission, procedure: Procedure, config: EmcConfig) -> Body:
    """Return the body that tells one state of a dossier."""
    body: Body = {
        "CodeProfile": config.code_profile or submission.code,
        "SiteId": config.site_id,
        "CodeTTHC": procedure.code,
        "NameTTHC": procedure.name,
        "MaHoSo": submission.code,
        "Status": codes.STATUS[submission.status],
        "FormsReception": codes.RECEPTION[submission.channel],
        "FormsPayments": codes.PAYMENT[submission.fee_payment],
        "Level": codes.LEVEL[config.levels.get(procedure.code, config.level_default)],
        "IsFromDVCQG": ONE_ZERO.write(submission.channel in config.portal_channels),
        "IsDVCBC": codes.POST if _by_post(submission) else codes.COUNTER,
        "User": user(submission.applicant, config),
    }
    if config.field_names is FieldNames.LOWER_FIRST:
        return {name[0].lower() + name[1:]: value for name, value in body.items()}
    return body


def user(applicant: Applicant, config: EmcConfig) -> str:
    """Return the owner as a JSON text. The hub knows one number of him, so both identifiers are that one."""
    identity = _identity(applicant.personal_number or "", config)
    return orjson.dumps(
        {"ID_local": identity, "ID_QG": identity, "TYPE": _type(applicant), "LOCATION": config.location}
    ).decode()


def pseudonym(number: str, key: str) -> str:
    """Return what stands for a number: the first 32 hexadecimal digits of HMAC-SHA256 under the key."""
    return hmac.digest(key.encode(), number.encode(), hashlib.sha256).hex()[:_PSEUDONYM_CHARS]


def _identity(number: str, config: EmcConfig) -> str:
    if not number or config.user_identity is Identity.NONE:
        return ""
    if config.user_identity is Identity.RAW:
        return number
    return pseudonym(number, config.pseudonym_key.get_secret_value())


def _type(applicant: Applicant) -> str:
    """An enterprise has a code of ten digits, which the hub does not carry: a personal number means a person."""
    is_enterprise = applicant.kind is ApplicantKind.ENTERPRISE and applicant.personal_number is None
    return codes.ENTERPRISE if is_enterprise else codes.PERSON


def _by_post(submission: DossierSubmission) -> bool:
    """Whether the public post carries the papers in, or the result out."""
    return submission.channel is Channel.POSTAL or submission.result_delivery is ResultDelivery.POST
