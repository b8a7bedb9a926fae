"""A running hub, asked by REST with an API key."""

from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from hub.cli.following import TIMEOUT_S
from hub.errors import Unavailable
from schemas.model import Model

_Answer = TypeVar("_Answer", bound=Model)


class RestClient:
    """Asks the hub at `address`; `refusal` makes an error of an answer that is no success."""

    def __init__(
        self,
        address: str,
        token: str,
        refusal: Callable[[httpx.Response], Exception],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._address = address
        self._refusal = refusal
        self._client = httpx.Client(
            base_url=address, timeout=TIMEOUT_S, transport=transport, headers={"Authorization": f"Bearer {token}"}
        )

    def ask(self, model: type[_Answer], method: str, path: str, **request: Any) -> _Answer:
        """Return the answer. Errors: Unavailable, what `refusal` makes."""
        try:
            answer = self._client.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Unavailable(f"no hub answers at {self._address}; is it running?") from None
        if not answer.is_success:
            raise self._refusal(answer)
        try:
            return model.model_validate_json(answer.content)
        except ValidationError:
            raise Unavailable("what answered is not a hub, or one of another version") from None

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
