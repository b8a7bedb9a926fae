"""What some codes mean at the SOAP door, where the words of REST would mislead. The codes are the same."""

from types import MappingProxyType

from schemas.problem import PROBLEMS, Words

_WORDS = MappingProxyType(
    {
        "caller.malformed": Words(
            "Nội dung gửi lên không phải là thông điệp SOAP hợp lệ.", "The body is not a valid SOAP message."
        ),
        "caller.media_type": Words(
            "Kiểu nội dung phải là text/xml (SOAP 1.1) hoặc application/soap+xml (SOAP 1.2), mã hóa UTF-8.",
            "The content type must be text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2), in UTF-8.",
        ),
        "caller.method": Words(
            "Cổng SOAP nhận POST; GET chỉ để lấy ?wsdl và ?xsd.",
            "The SOAP door takes POST; GET is for ?wsdl and ?xsd only.",
        ),
        "caller.key_missing": Words(
            "Lời gọi ghi phải có phần tử idempotency_key, hoặc tiêu đề wsa:MessageID.",
            "A write needs an idempotency_key element, or a wsa:MessageID header.",
        ),
        "caller.key_reused": Words(
            "idempotency_key (hoặc wsa:MessageID) này đã được dùng cho một nội dung khác.",
            "This idempotency_key (or wsa:MessageID) was used before with another body.",
        ),
    }
)


def words_of(code: str) -> Words:
    """Return the words of a code at this door."""
    return _WORDS.get(code) or PROBLEMS[code]
