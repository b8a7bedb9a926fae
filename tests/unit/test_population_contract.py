"""The contract of service 037 is a set of files in the package, read once and from nowhere else."""

from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from threading import Barrier
from typing import Any

import pytest
from lxml import etree

from adapters.wire.soap import load_contract
from tests.contracts.test_population_responder import collection
from tests.unit.test_population_reply import WHOLE

PACKAGE = "adapters.databases.population"


def test_the_contract_is_read_once_whoever_asks_first() -> None:
    """Eight threads at once are given one and the same contract."""
    start = Barrier(8)

    def load(_: int) -> Any:
        start.wait()
        return load_contract(PACKAGE, "population.wsdl")

    with ThreadPoolExecutor(8) as threads:
        contracts = list(threads.map(load, range(8)))
    assert {id(contracts[0])} == {id(contract) for contract in contracts}
    assert ["{http://dancuquocgia.bca}PopulationSoap"] == list(contracts[0].bindings)


def test_a_missing_file_is_said_and_not_looked_for_elsewhere() -> None:
    """Neither the disk nor the network is searched."""
    with pytest.raises(FileNotFoundError):
        load_contract(PACKAGE, "missing.wsdl")


def test_the_schema_of_the_reply_takes_a_whole_record() -> None:
    """The published schema and the replies of the tests say the same; names of relatives have parts there."""
    source = resources.files(PACKAGE).joinpath("citizen.xsd").read_bytes()
    person = WHOLE.replace(">Trần Thị C<", "><ns1:Ten>Trần Thị C</ns1:Ten><")
    etree.XMLSchema(etree.fromstring(source)).assertValid(etree.fromstring(collection(person))[1][0])
