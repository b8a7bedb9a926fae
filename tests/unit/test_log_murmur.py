"""Keys go to the partitions to which Kafka's own clients send them."""

import pytest

from hub.log.murmur import murmur2, partition_for


@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_are_those_of_the_java_client(data: bytes, signed: int) -> None:
    """The vectors of Kafka's UtilsTest.testMurmur2, where the hash is a signed number."""
    assert signed % 2**32 == murmur2(data)


@pytest.mark.parametrize(
    ("key", "partition"),
    [(b"", 681), (b"a", 524), (b"ab", 434), (b"abc", 107), (b"123456789", 566), (b"\x00 ", 742)],
)
def test_partitions_are_those_of_the_python_client(key: bytes, partition: int) -> None:
    """The vectors of aiokafka's test_murmur2_java_compatibility, for 1,000 partitions."""
    assert partition == partition_for(key, 1000)
