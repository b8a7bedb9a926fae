"""What service 037 answers, in the variants that its interface and its clients know."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from hub.errors import ReplyUnreadable
from schemas.citizen import Address, Citizen, Gender, Relative
from tests.contracts.test_population_responder import (
    FULL_NAME,
    NUMBER,
    PERSON,
    Answering,
    collection,
    enveloped,
    query,
    settings,
    source_of,
)

WHOLE = f"""<ns1:CongDan>
<ns1:SoDinhDanh>{NUMBER}</ns1:SoDinhDanh><ns1:SoCMND>012345678</ns1:SoCMND>
<ns1:HoVaTen><ns1:Ho>Nguyễn</ns1:Ho><ns1:ChuDem>Văn</ns1:ChuDem><ns1:Ten>A</ns1:Ten></ns1:HoVaTen>
<ns1:GioiTinh>2</ns1:GioiTinh><ns1:DanToc>01</ns1:DanToc><ns1:TonGiao>00</ns1:TonGiao>
<ns1:TinhTrangHonNhan>2</ns1:TinhTrangHonNhan><ns1:NhomMau>1</ns1:NhomMau>
<ns1:NgayThangNamSinh><ns1:Nam>2000</ns1:Nam><ns1:NgayThangNam>20000131</ns1:NgayThangNam></ns1:NgayThangNamSinh>
<ns1:NoiDangKyKhaiSinh><ns1:MaTinhThanh>38</ns1:MaTinhThanh><ns1:MaQuanHuyen>380</ns1:MaQuanHuyen>
<ns1:MaPhuongXa>14758</ns1:MaPhuongXa><ns1:ChiTiet>Số 1</ns1:ChiTiet>
<ns1:QuocGia>VN</ns1:QuocGia></ns1:NoiDangKyKhaiSinh>
<ns1:QueQuan><ns1:MaTinhThanh>40</ns1:MaTinhThanh></ns1:QueQuan>
<ns1:ThuongTru><ns1:MaTinhThanh>38</ns1:MaTinhThanh><ns1:MaPhuongXa>14758</ns1:MaPhuongXa></ns1:ThuongTru>
<ns1:NoiOHienTai><ns1:MaTinhThanh/><ns1:ChiTiet> </ns1:ChiTiet></ns1:NoiOHienTai>
<ns1:QuocTich>VN</ns1:QuocTich>
<ns1:Cha><ns1:SoDinhDanh>001000000010</ns1:SoDinhDanh><ns1:QuocTich>VN</ns1:QuocTich>
<ns1:HoVaTen><ns1:Ten>Nguyễn Văn B</ns1:Ten></ns1:HoVaTen></ns1:Cha>
<ns1:Me><ns1:SoCMND>012345679</ns1:SoCMND><ns1:HoVaTen>Trần Thị C</ns1:HoVaTen></ns1:Me>
<ns1:VoChong/>
<ns1:NguoiDaiDien><ns1:HoVaTen><ns1:Ten>Lê D</ns1:Ten></ns1:HoVaTen></ns1:NguoiDaiDien>
<ns1:ChuHo><ns1:QuanHe>02</ns1:QuanHe><ns1:SoDinhDanh>001000000010</ns1:SoDinhDanh>
<ns1:HoVaTen><ns1:Ten>Nguyễn Văn B</ns1:Ten></ns1:HoVaTen></ns1:ChuHo>
<ns1:SoSoHoKhau>123</ns1:SoSoHoKhau></ns1:CongDan>"""


async def found(body: bytes, config: Any = None, **changes: Any) -> Sequence[Citizen]:
    """Return what a lookup makes of a reply."""
    async with source_of(config or settings(), Answering(body)) as source:
        return await source.lookup(query(**changes), "000001")


async def one(*changes: tuple[str, str], config: Any = None) -> Citizen:
    """Return the person of the small example with texts replaced."""
    person = PERSON
    for old, new in changes:
        assert old in person
        person = person.replace(old, new)
    (citizen,) = await found(collection(person), config)
    return citizen


async def test_every_element_arrives_in_the_hubs_words() -> None:
    """A whole record, of the time when there were districts."""
    expected = Citizen(
        personal_number=NUMBER,
        former_number="012345678",
        full_name=FULL_NAME,
        gender=Gender.FEMALE,
        birth_date=date(2000, 1, 31),
        ethnicity="01",
        religion="00",
        marital_status="2",
        nationality="VN",
        birth_place=Address(province="38", commune="14758", detail="Số 1", country="VN", legacy_district="380"),
        home_town=Address(province="40"),
        permanent_residence=Address(province="38", commune="14758"),
        father=Relative(full_name="Nguyễn Văn B", personal_number="001000000010"),
        mother=Relative(full_name="Trần Thị C", personal_number="012345679"),
        household_head=Relative(full_name="Nguyễn Văn B", personal_number="001000000010", relation="02"),
    )
    assert (expected,) == tuple(await found(collection(WHOLE)))


async def test_a_collection_without_persons_means_nobody() -> None:
    """No match is an answer, not an error."""
    assert not await found(collection())


async def test_unknown_elements_around_a_person_are_passed_over() -> None:
    """A collection may say more than its persons."""
    assert not await found(collection("<ns1:SoCongDan>0</ns1:SoCongDan><x:Mới xmlns:x='urn:x'/>"))
    assert len(await found(collection("<ns1:GhiChu>a</ns1:GhiChu>", PERSON))) == 1


async def test_unknown_elements_within_a_person_are_passed_over() -> None:
    """A record may say more than the interface names, with markup inside."""
    citizen = await one(("<ns1:GioiTinh>", "<ns1:Anh><ns1:Trang>x</ns1:Trang></ns1:Anh><ns1:GioiTinh>"))
    assert citizen.gender is Gender.MALE


async def test_several_persons_are_all_returned() -> None:
    """Who of them is meant, the source does not decide."""
    second = PERSON.replace(FULL_NAME, "Nguyễn Văn Á")
    assert [FULL_NAME, "Nguyễn Văn Á"] == [citizen.full_name for citizen in await found(collection(PERSON, second))]


async def test_elements_without_namespace_are_read_too() -> None:
    """The children's namespace is not known for certain, their names are."""
    (citizen,) = await found(collection(PERSON.replace("ns1:", "")))
    assert citizen.full_name == FULL_NAME


async def test_order_does_not_matter() -> None:
    """Number last, name first."""
    number = f"<ns1:SoDinhDanh>{NUMBER}</ns1:SoDinhDanh>"
    citizen = await one((number, ""), ("</ns1:CongDan>", f"{number}</ns1:CongDan>"))
    assert citizen.personal_number == NUMBER


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<ns1:HoVaTen><ns1:Ho/><ns1:ChuDem></ns1:ChuDem><ns1:Ten>Nguyễn Văn A</ns1:Ten></ns1:HoVaTen>", FULL_NAME),
        ("<ns1:HoVaTen><ns1:Ho>Nguyễn</ns1:Ho><ns1:Ten>A</ns1:Ten></ns1:HoVaTen>", "Nguyễn A"),
        ("<ns1:HoVaTen>\n Nguyễn\tVăn  A </ns1:HoVaTen>", FULL_NAME),
        ("<ns1:HoVaTen><ns1:Ten>Nguye\u0302\u0303n Va\u0306n A</ns1:Ten></ns1:HoVaTen>", FULL_NAME),
        ("<ns1:HoVaTen><ns1:Ten><![CDATA[Nguyễn]]> Văn<!-- --> A</ns1:Ten></ns1:HoVaTen>", FULL_NAME),
    ],
)
async def test_a_name_is_one_line_of_nfc(written: str, expected: str) -> None:
    """Whatever part of HoVaTen carries it, and however it is spelled."""
    whole = f"<ns1:HoVaTen><ns1:Ten>{FULL_NAME}</ns1:Ten></ns1:HoVaTen>"
    assert expected == (await one((whole, written))).full_name


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        ("<ns1:NgayThangNam>19991231</ns1:NgayThangNam>", (date(1999, 12, 31), None)),
        ("<ns1:Nam>1950</ns1:Nam>", (None, 1950)),
        ("<ns1:Nam>1950</ns1:Nam><ns1:NgayThangNam/>", (None, 1950)),
        ("<ns1:NgayThangNam>1950</ns1:NgayThangNam>", (None, 1950)),
        ("<ns1:Nam>1950</ns1:Nam><ns1:NgayThangNam>19500000</ns1:NgayThangNam>", (None, 1950)),
        ("", (None, None)),
    ],
)
async def test_a_birth_is_a_day_or_a_year(birth: str, expected: tuple[date | None, int | None]) -> None:
    """The day where it is known, otherwise the year, and nothing where nothing is said."""
    citizen = await one(("<ns1:NgayThangNam>20000131</ns1:NgayThangNam>", birth))
    assert expected == (citizen.birth_date, citizen.birth_year)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("0", Gender.UNKNOWN), ("1", Gender.MALE), ("2", Gender.FEMALE), ("9", Gender.UNKNOWN), ("", Gender.UNKNOWN)],
)
async def test_gender_codes_are_those_of_the_standard(code: str, expected: Gender) -> None:
    """0 no information, 1 male, 2 female; nothing is guessed for others."""
    assert expected is (await one((">1<", f">{code}<"))).gender


async def test_gender_codes_can_be_configured() -> None:
    """The operator may know better."""
    citizen = await one(config=settings(genders={"1": "female"}))
    assert citizen.gender is Gender.FEMALE


async def test_a_person_found_by_the_former_number_carries_both() -> None:
    """Nine digits asked, the record has both numbers."""
    (citizen,) = await found(collection(WHOLE), personal_number="012345678")
    assert (NUMBER, "012345678") == (citizen.personal_number, citizen.former_number)


async def test_a_person_with_nothing_but_the_former_number_is_known_by_it() -> None:
    """Old records have no personal number."""
    person = PERSON.replace("SoDinhDanh", "SoCMND").replace(NUMBER, "012345678")
    (citizen,) = await found(collection(person), personal_number="012345678")
    assert ("012345678", None) == (citizen.personal_number, citizen.former_number)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NUMBER, "001000000009"),
        (f"<ns1:SoDinhDanh>{NUMBER}</ns1:SoDinhDanh>", ""),
        ("<ns1:GioiTinh>", f"<ns1:SoDinhDanh>{NUMBER}</ns1:SoDinhDanh><ns1:GioiTinh>"),
        (f"<ns1:Ten>{FULL_NAME}</ns1:Ten>", ""),
        (f"<ns1:Ten>{FULL_NAME}</ns1:Ten>", f"<ns1:Ten><b>{FULL_NAME}</b></ns1:Ten>"),
        (f"<ns1:Ten>{FULL_NAME}</ns1:Ten>", f"<ns1:Ten>{'a' * 1001}</ns1:Ten>"),
        (FULL_NAME, "Nguyễn\u0090"),
        ("20000131", "20000230"),
        ("20000131", "31/01/2000"),
        ("20000131", "２０００0131"),
        ("<ns1:NgayThangNam>", "<ns1:Nam>1999</ns1:Nam><ns1:NgayThangNam>"),
    ],
    ids=lambda text: text[:20].encode("ascii", "replace").decode(),
)
async def test_what_cannot_be_relied_on_is_unreadable(old: str, new: str) -> None:
    """Another person, no number, two numbers, no name, markup for text, no date: none of it is guessed at."""
    with pytest.raises(ReplyUnreadable):
        await one((old, new))


async def test_one_wrong_person_among_several_spoils_the_reply() -> None:
    """Nobody is shown a person who was not asked for."""
    with pytest.raises(ReplyUnreadable):
        await found(collection(PERSON, PERSON.replace(NUMBER, "001000000009")))


async def test_the_number_of_persons_is_bounded() -> None:
    """Two where one is allowed."""
    with pytest.raises(ReplyUnreadable):
        await found(collection(PERSON, PERSON), settings(persons_max="1"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff\xfe\x00",
        enveloped(""),
        enveloped("<a/><b/>"),
        enveloped("<CongdanCollection/>"),
        enveloped('<CongdanCollection xmlns="urn:other"/>'),
        b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body/></Envelope>',
        collection(PERSON)[:-20],
    ],
)
async def test_what_is_no_collection_is_unreadable(body: bytes) -> None:
    """Not XML, not SOAP 1.1, not this service, or cut short."""
    with pytest.raises(ReplyUnreadable):
        await found(body)
