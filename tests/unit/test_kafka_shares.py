"""How the leader of a Kafka group shares out partitions, in the bytes that members send each other."""

from collections.abc import Mapping

from hub.log.kafka.shares import Sharing


def shared_out(members: Mapping[str, Sharing]) -> dict[str, list[int]]:
    """Let one member lead, and let all take what it gives, over the wire."""
    leader = next(iter(members.values()))
    said = {
        name: type(member.metadata({"commands"})).decode(member.metadata({"commands"}).encode())
        for name, member in members.items()
    }
    given = leader.assign(None, said)
    for name, member in members.items():
        member.on_assignment(given[name])
    return {name: sorted(place.partition for place in given[name].partitions()) for name in members}


def test_shares_are_even() -> None:
    """Eight among three are three, three and two."""
    given = shared_out({name: Sharing("commands", 8) for name in ("a", "b", "c")})

    assert [2, 3, 3] == sorted(map(len, given.values()))
    assert list(range(8)) == sorted(partition for mine in given.values() for partition in mine)


def test_what_need_not_move_stays() -> None:
    """When one joins or leaves, the others keep what they can."""
    crew = {name: Sharing("commands", 8) for name in ("b", "c")}
    first = shared_out(crew)
    crew = {"a": Sharing("commands", 8), **crew}
    second = shared_out(crew)
    del crew["b"]
    third = shared_out(crew)

    assert set(second["b"]) < set(first["b"])
    assert set(second["c"]) < set(first["c"])
    assert set(third["c"]) > set(second["c"])
    assert set(third["a"]) > set(second["a"])


def test_two_that_claim_the_same_get_it_once() -> None:
    """A member that comes back late claims what was given to another; each partition has one owner all the same."""
    late, other = Sharing("commands", 4), Sharing("commands", 4)
    shared_out({"late": late})
    shared_out({"other": other})
    given = shared_out({"late": late, "other": other})

    assert [0, 1, 2, 3] == sorted([*given["late"], *given["other"]])
    assert 2 == len(given["late"])
