"""How the portal words its answers: `error_code`, `message`, `result`, in forms that vary."""

import random
from collections import Counter
from itertools import cycle

from ops.sandbox.exchange import Reply, json_reply
from ops.sandbox.fault import Fault
from ops.sandbox.portal.settings import PortalSettings

_SUCCESS_FORMS: tuple[int | str, ...] = (0, "0", "00")


class Answers:
    """Writes replies and counts refusals. Which form comes when is decided by the seed."""

    def __init__(self, settings: PortalSettings, seed: int) -> None:
        self._settings = settings
        self._chance = random.Random(f"{seed}:portal")
        self._exists = cycle(("3", "-3"))
        self.refusals: Counter[str] = Counter()

    def done(self, text: str, result: object, twist: Fault | None) -> Reply:
        """Say that it worked; the text ends with "thành công"."""
        return self._reply("0", f"[SANDBOX] {text} thành công", twist, {"result": result})

    def session(self, session: str, twist: Fault | None) -> Reply:
        """Hand out a session."""
        return self._reply("0", "[SANDBOX] Đăng nhập thành công", twist, {"session": session, "result": {}})

    def failed_in_text(self, twist: Fault | None) -> Reply:
        """Give the code of success with a text of failure."""
        return self._reply("0", "[SANDBOX] Dữ liệu chưa được ghi nhận", twist, {"result": []})

    def refused(self, code: str, text: str, twist: Fault | None, result: object = None, status: int = 0) -> Reply:
        """Say that it did not work, and count it."""
        self.refusals[code] += 1
        status = status or self._settings.refusal_status
        return self._reply(code, f"[SANDBOX] {text}", twist, {"result": [] if result is None else result}, status)

    def exists_code(self) -> str:
        """Return the code of a dossier that is there already; its two spellings take turns."""
        return next(self._exists)

    def code(self, code: str, twist: Fault | None) -> int | str:
        """Write a code as a number or as a text."""
        form = self._settings.error_code_form
        if twist is not None and twist.kind.startswith("error_code_as_"):
            form = "int" if twist.kind == "error_code_as_int" else "str"
        if form == "int":
            return int(code)
        if form == "str":
            return code
        return self._chance.choice(_SUCCESS_FORMS if code == "0" else (int(code), code))

    def single(self, record: object | None) -> object:
        """Write one record, or none, as a list or as an object."""
        form = self._settings.result_form
        if form == "list" or (form == "mixed" and self._chance.random() < 0.5):  # noqa: PLR2004  # a coin
            return [] if record is None else [record]
        return {} if record is None else record

    def _reply(self, code: str, message: str, twist: Fault | None, more: dict[str, object], status: int = 200) -> Reply:
        return json_reply({"error_code": self.code(code, twist), "message": message, **more}, status)
