"""What sandboxes say when they cannot start as asked."""

from pathlib import Path

import pytest

from ops.sandbox.__main__ import main


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_is_none_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str], port: str) -> None:
    """Exit code 2, and the option's name."""
    with pytest.raises(SystemExit) as ended:
        main(["--folder", str(tmp_path / "sandbox"), "--portal-port", port])

    assert 2 == ended.value.code
    assert "argument --portal-port: a port lies between" in capsys.readouterr().err
