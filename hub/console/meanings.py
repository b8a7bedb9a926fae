"""What states, outcomes, steps and codes mean, in words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.delivery import DeliveryState, OutcomeClass
from schemas.problem import PROBLEMS, Words


@dataclass(frozen=True, slots=True)
class Meaning:
    """A word, what it means, and the tone in which a page shows it; never the tone alone tells."""

    words: Words
    meaning: Words
    tone: str


STATES: Mapping[DeliveryState, Meaning] = MappingProxyType(
    {
        DeliveryState.WAITING: Meaning(
            Words("Đang chờ", "Waiting"),
            Words("Trong hàng đợi của hồ sơ, chưa đến lượt gửi.", "In its lane; its turn has not come."),
            "wait",
        ),
        DeliveryState.IN_FLIGHT: Meaning(
            Words("Đang gửi", "In flight"),
            Words("Đang gọi nền tảng, chưa có trả lời.", "The platform is being called; no answer so far."),
            "wait",
        ),
        DeliveryState.PARKED: Meaning(
            Words("Chờ gửi lại", "Parked"),
            Words(
                "Lần gửi trước chưa thành công; trục sẽ tự gửi lại.",
                "An earlier try failed; the hub tries again by itself.",
            ),
            "held",
        ),
        DeliveryState.IN_DOUBT: Meaning(
            Words("Chưa rõ kết quả", "In doubt"),
            Words(
                "Không biết nền tảng đã nhận hay chưa; phải hỏi lại trước khi gửi tiếp.",
                "Whether the platform has it is not known; it must be asked before anything is sent again.",
            ),
            "doubt",
        ),
        DeliveryState.DELIVERED: Meaning(
            Words("Đã gửi", "Delivered"), Words("Nền tảng đã xác nhận.", "The platform confirmed it."), "good"
        ),
        DeliveryState.DEAD: Meaning(
            Words("Không gửi được", "Dead"),
            Words(
                "Nền tảng từ chối nội dung; cần người vận hành quyết định.",
                "The platform refused the content; an operator has to decide.",
            ),
            "bad",
        ),
        DeliveryState.EXPIRED: Meaning(
            Words("Hết hạn", "Expired"),
            Words("Quá hạn mà chưa gửi được; trục không gửi nữa.", "Its time ran out; the hub tries no more."),
            "bad",
        ),
        DeliveryState.WITHDRAWN: Meaning(
            Words("Đã rút", "Withdrawn"),
            Words(
                "Đã rút trước khi gửi, hoặc phiên bản mới hơn đã thay; trục không gửi nữa.",
                "Taken back before it was sent, or overtaken by a newer revision; the hub does not send it.",
            ),
            "gone",
        ),
    }
)
"""Every state, in the order in which pages show them."""

_NOTHING_TO_SAY = Words("", "")

OUTCOMES: Mapping[OutcomeClass, Meaning] = MappingProxyType(
    {
        OutcomeClass.DELIVERED: Meaning(
            Words("Nền tảng đã nhận", "The platform took it"),
            _NOTHING_TO_SAY,
            "good",
        ),
        OutcomeClass.ALREADY_THERE: Meaning(
            Words("Nền tảng đã có từ trước", "The platform had it already"),
            _NOTHING_TO_SAY,
            "good",
        ),
        OutcomeClass.REFUSED_MESSAGE: Meaning(
            Words("Nền tảng từ chối nội dung", "The platform refused the content"),
            Words(
                "Lỗi ở dữ liệu: bên gửi hoặc danh mục cần sửa.",
                "The data is at fault: the sender or the catalogue must change something.",
            ),
            "bad",
        ),
        OutcomeClass.REFUSED_US: Meaning(
            Words("Nền tảng từ chối kết nối của trục", "The platform refused the hub itself"),
            Words(
                "Lỗi ở tài khoản hoặc đường kết nối của trục, không phải ở hồ sơ; hồ sơ tự gửi lại sau khi sửa.",
                "The hub's account or road is at fault, not the dossier; it goes out by itself once that is repaired.",
            ),
            "held",
        ),
        OutcomeClass.UNAVAILABLE: Meaning(
            Words("Nền tảng không sẵn sàng", "The platform was not available"),
            Words(
                "Nền tảng chắc chắn chưa xử lý; trục sẽ tự gửi lại.",
                "It certainly did not act; the hub tries again by itself.",
            ),
            "held",
        ),
        OutcomeClass.UNKNOWN: Meaning(
            Words("Không rõ nền tảng đã xử lý chưa", "Whether the platform acted is not known"),
            Words(
                "Trục hỏi lại, hoặc gửi lại nếu việc gửi lại là an toàn.",
                "The hub asks, or sends again where that is safe.",
            ),
            "doubt",
        ),
    }
)
"""Every outcome of a try: the word for it, and whose turn it is."""

EVENTS: Mapping[str, Words] = MappingProxyType(
    {
        "accepted": Words("Trục tiếp nhận", "Accepted by the hub"),
        "tried": Words("Gửi", "Sent"),
        "inquired": Words("Hỏi lại nền tảng", "Platform asked"),
        "late": Words("Bị trễ", "Late"),
        **{state.value: meaning.words for state, meaning in STATES.items()},
    }
)
"""What can happen to a message; an event that is not here is shown by its name."""

KINDS: Mapping[str, Words] = MappingProxyType(
    {
        "dossier": Words("Trạng thái hồ sơ", "State of the dossier"),
        "withdrawal": Words("Rút hồ sơ", "Withdrawal"),
        "ruling": Words("Quyết định của người vận hành", "Decision of an operator"),
    }
)
"""Kinds of messages; one that is not here is shown by its name."""

CODES: Mapping[str, Words] = MappingProxyType(
    {
        "present": Words("Nền tảng đã có trạng thái này.", "The platform has this state."),
        "absent": Words("Nền tảng chưa có trạng thái này; trục gửi lại.", "The platform lacks this state."),
        "hub.withdrawn": Words("Hồ sơ được rút trước khi gửi.", "The dossier was withdrawn before this was sent."),
        "hub.overtaken": Words(
            "Phiên bản mới hơn đến trước nên phiên bản này không gửi nữa.",
            "A newer revision came first, so this one is not sent.",
        ),
        "hub.exhausted": Words(
            "Gửi nhiều lần không được trong khi nền tảng vẫn nhận hồ sơ khác; chờ người vận hành quyết định.",
            "It failed too often while the platform took others; an operator must decide.",
        ),
        "hub.replayed": Words(
            "Người vận hành cho gửi lại bản tin không gửi được.", "An operator has it tried again, though it was dead."
        ),
        "hub.discarded": Words("Người vận hành bỏ, không gửi nữa.", "An operator gave it up; it is not sent any more."),
        "hub.superseded": Words(
            "Trạng thái mới hơn của hồ sơ đã thay nên không gửi nữa.",
            "A newer state of the dossier says it all, so this one is not sent.",
        ),
        "hub.settled": Words(
            "Người vận hành đã kiểm tra ở nền tảng và cho biết kết quả.",
            "An operator looked at the platform and said whether it had arrived.",
        ),
        "hub.resent": Words(
            "Đã gửi nhưng nền tảng không có, nên được gửi lại.",
            "It was delivered, and the platform does not have it, so it is sent again.",
        ),
        "hub.ruling_void": Words(
            "Quyết định không còn tác dụng vì lượt gửi đã ở trạng thái khác.",
            "The decision had no effect: the delivery was in another state by then.",
        ),
        "hub.expired": Words(
            "Không thể gửi kịp thời hạn nên trục không gửi nữa.", "It could not arrive in time, so it is not sent."
        ),
    }
)
"""Codes of the hub that stand in timelines only."""


def code_meaning(code: str) -> Words | None:
    """Return what a code of the hub means; None when it is the platform's own."""
    return CODES.get(code) or PROBLEMS.get(code)
