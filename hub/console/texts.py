"""The words of the pages themselves."""

from collections.abc import Mapping
from types import MappingProxyType

from hub.console.language import Language
from schemas.problem import Words

_TEXTS: Mapping[str, Words] = MappingProxyType(
    {
        # every page
        "sandbox": Words("MÔI TRƯỜNG THỬ · SANDBOX", "SANDBOX"),
        "sandbox_note": Words(
            "Các nền tảng ở đây là giả lập, dữ liệu là bịa.", "The platforms here are stand-ins, the data is invented."
        ),
        "skip": Words("Đến nội dung chính", "Skip to the content"),
        "pages": Words("Các trang", "Pages"),
        "language": Words("Ngôn ngữ", "Language"),
        "live": Words("Số liệu trực tuyến", "Live numbers"),
        "find": Words("Tra cứu hồ sơ", "Find a dossier"),
        "sign_out": Words("Đăng xuất", "Sign out"),
        "signed_in_as": Words("Đang dùng quyền của", "Signed in as"),
        "ready": Words("Sẵn sàng", "Ready"),
        "metrics": Words("Chỉ số", "Metrics"),
        "zone": Words("Giờ Việt Nam (UTC+7)", "Viet Nam time (UTC+7)"),
        # the live page
        "connecting": Words("Đang kết nối với trục…", "Connecting to the hub…"),
        "connected": Words("Trực tuyến", "Live"),
        "lost": Words("Mất kết nối với trục", "Connection to the hub lost"),
        "stale": Words("Số liệu cũ", "Old numbers"),
        "never": Words("Chưa nhận được số liệu nào.", "No numbers have come in so far."),
        "updated": Words("cập nhật lúc", "updated at"),
        "numbers_of": Words("lúc", "of"),
        "accepted": Words("Đã tiếp nhận", "Accepted"),
        "messages": Words("bản tin", "messages"),
        "states": Words("Lượt gửi theo trạng thái", "Deliveries by state"),
        "by_platform": Words("Theo nền tảng", "By platform"),
        "platform": Words("Nền tảng", "Platform"),
        "no_deliveries": Words("Chưa có lượt gửi nào.", "No deliveries yet."),
        "meanings": Words("Ý nghĩa các trạng thái", "What the states mean"),
        "no_script": Words(
            "Trang này cần JavaScript để cập nhật số liệu.", "This page needs JavaScript to update its numbers."
        ),
        "no_personal_data": Words("Không có dữ liệu cá nhân trên trang này.", "No personal data on this page."),
        "all_well": Words("Không có gì cần người xử lý.", "Nothing waits for a person."),
        "needs_person": Words("Cần người xử lý:", "A person is needed:"),
        "needs_care": Words("Cần để ý:", "To keep an eye on:"),
        "repeating": Words("Trục đang tự gửi lại:", "The hub is trying again by itself:"),
        "doubled": Words("Có thể gửi trùng", "Possibly doubled"),
        "rate": Words("Lượt gửi/phút", "Deliveries/min"),
        "latency": Words("Độ trễ p50 · p95", "Latency p50 · p95"),
        "seconds": Words("giây", "s"),
        # signing in
        "sign_in": Words("Đăng nhập", "Sign in"),
        "sign_in_why": Words(
            "Hành trình của một hồ sơ chỉ dành cho cơ quan của hồ sơ đó.",
            "A dossier's timeline is for the agency of that dossier.",
        ),
        "key": Words("Khóa API", "API key"),
        "key_hint": Words(
            "Bắt đầu bằng hk_. Khóa không được lưu lại; phiên kéo dài 8 giờ.",
            "Begins with hk_. The key is not kept; the session lasts 8 hours.",
        ),
        "key_wrong": Words("Khóa API không đúng.", "The API key is wrong."),
        "key_wait": Words(
            "Đã thử sai nhiều lần với khóa này; hãy đợi {minutes} phút.",
            "Too many wrong tries with this key; wait {minutes} min.",
        ),
        "cross_site": Words(
            "Yêu cầu đến từ một trang khác nên không được thực hiện. Hãy mở lại trang này và thử lại.",
            "The request came from another page and was not carried out. Open this page again and retry.",
        ),
        "plain_http": Words(
            "Trang này đang mở qua HTTP không mã hóa; hãy mở qua HTTPS rồi đăng nhập, và thay khóa vừa gửi.",
            "This page was opened over plain HTTP; open it over HTTPS to sign in, and replace the key just sent.",
        ),
        # finding and following a dossier
        "dossier": Words("Hồ sơ", "Dossier"),
        "dossier_code": Words("Mã hồ sơ", "Dossier code"),
        "code_hint": Words(
            "Ví dụ H56.14-251124-0001; cả hai cách viết mã cơ quan đều được.",
            "Such as H56.14-251124-0001; either spelling of the agency will do.",
        ),
        "show": Words("Xem", "Show"),
        "code_wrong": Words(
            "Đây không phải mã hồ sơ. Mã gồm mã cơ quan, ngày (yymmdd) và số thứ tự.",
            "This is not a dossier code. A code is the agency's code, the day (yymmdd) and a number.",
        ),
        "not_found": Words(
            "Trục không biết hồ sơ này, hoặc hồ sơ thuộc cơ quan khác.",
            "The hub knows no such dossier, or it belongs to another agency.",
        ),
        "not_found_hint": Words(
            "Hồ sơ vừa tiếp nhận xuất hiện sau khoảng một giây. Không có biên nhận (202) thì trục chưa nhận.",
            "One just accepted appears within about a second. Without a receipt (202) the hub did not take it.",
        ),
        "trouble": Words("Không thực hiện được", "That did not work"),
        "as_of": Words("Tình trạng lúc", "As of"),
        "refresh": Words("Làm mới", "Refresh"),
        "summary": Words("Tóm tắt", "Summary"),
        "settled": Words("Không còn gì phải gửi.", "Nothing is left to be sent."),
        "under_way": Words("Đang xử lý, chưa có gì bất thường.", "Under way; nothing is out of the ordinary."),
        "alarm_dead": Words(
            "{platform} không nhận phiên bản {revision}. Các trạng thái sau của hồ sơ chờ phía sau nó.",
            "{platform} did not take revision {revision}. Later states of the dossier wait behind it.",
        ),
        "alarm_expired": Words(
            "Phiên bản {revision} hết hạn trước khi đến {platform}.",
            "Revision {revision} ran out of time before it reached {platform}.",
        ),
        "alarm_in_doubt": Words(
            "Chưa rõ {platform} đã nhận phiên bản {revision} hay chưa.",
            "Whether {platform} has revision {revision} is not known.",
        ),
        "alarm_late": Words(
            "Phiên bản {revision} đến {platform} bị trễ: đã chờ {age}.",
            "Revision {revision} is late for {platform}: it has waited {age}.",
        ),
        "alarm_doubled": Words(
            "Phiên bản {revision} có thể đã đến {platform} hai lần.",
            "Revision {revision} may have reached {platform} twice.",
        ),
        "late": Words("Trễ", "Late"),
        "revision": Words("Phiên bản", "Revision"),
        "message": Words("Bản tin", "Message"),
        "sender": Words("Nơi gửi", "Sender"),
        "accepted_at": Words("Tiếp nhận lúc", "Accepted at"),
        "part": Words("phần {part}/{of}", "part {part} of {of}"),
        "tries": Words("{count} lần gửi", "{count} tries"),
        "tries_one": Words("1 lần gửi", "1 try"),
        "no_tries": Words("chưa gửi lần nào", "not tried yet"),
        "next_try": Words("Lần tới", "Next try"),
        "try_number": Words("lần {attempt}", "try {attempt}"),
        "took": Words("mất", "took"),
        "code": Words("Mã", "Code"),
        "platform_code": Words("mã của nền tảng", "the platform's code"),
        "said": Words("Nền tảng nói", "The platform said"),
        "hops": Words("Các chặng", "Hops"),
    }
)


_BY_LANGUAGE: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {language: MappingProxyType({name: language.say(words) for name, words in _TEXTS.items()}) for language in Language}
)


def texts(language: Language) -> Mapping[str, str]:
    """Return every text in one language."""
    return _BY_LANGUAGE[language]
