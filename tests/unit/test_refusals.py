"""Equal refusals of different dossiers."""

from hub.delivery.tries.refusals import Refusals

WORDS = "Thiếu trường bắt buộc của hồ sơ"


def _refused(refusals: Refusals, dossiers: int, code: str = "9", words: str = WORDS) -> list[bool]:
    return [refusals.concern_us("portal.state", f"H56-{at}", code, f"{words} H56-{at}") for at in range(dossiers)]


def test_the_same_refusal_of_many_dossiers_concerns_the_hub() -> None:
    """The third dossier of three makes it a matter of the hub; what names the dossier does not tell refusals apart."""
    assert [False, False, True, True] == _refused(Refusals(equal_max=3), 4)


def test_one_dossier_that_is_refused_again_and_again_counts_once() -> None:
    """However often it comes, it speaks for itself."""
    refusals = Refusals(equal_max=3)

    assert not any(refusals.concern_us("portal.state", "H56-1", "9", WORDS) for _ in range(10))


def test_different_refusals_are_counted_apart() -> None:
    """By code and by text; each operation has its own account."""
    refusals = Refusals(equal_max=3)

    assert [False] * 6 == [told for code in "123" for told in _refused(refusals, 2, code)]
    assert [False, False] == _refused(refusals, 2, "1", "Mã thủ tục không hợp lệ")
    assert not any(refusals.concern_us("portal.steps", f"H56-{at}", "1", WORDS) for at in range(2))


def test_a_success_starts_the_count_again() -> None:
    """Where somebody gets through, the others were at fault themselves."""
    refusals = Refusals(equal_max=3)
    _refused(refusals, 2)
    refusals.forget("portal.state")

    assert [False, False, True] == _refused(refusals, 3)


def test_without_a_bound_nothing_concerns_the_hub() -> None:
    """Whoever sets 0 wants every refusal held against its message."""
    assert not any(_refused(Refusals(equal_max=0), 50))
