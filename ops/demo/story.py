"""The story: a lookup with a purpose, two hundred dossiers, an outage in the middle, and the ledger at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from ops.demo.content import STATES, Content
from ops.demo.one_stop import OneStop
from ops.demo.promises import Promise, delivery_promises, expected
from ops.demo.screen import Screen
from ops.demo.stage import Stage
from ops.sandbox.verdict import verdict

DOSSIERS = 200
OUTAGE_S = 15.0
SETTLE_S_MAX = 180.0
_UNSETTLED = ("waiting", "in_flight", "parked", "in_doubt")


class Story:
    """Plays the main job and collects what it saw."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self._stage = stage
        self._screen = screen
        now = datetime.now(UTC)
        # A log that lasts may hold the dossiers of an earlier demonstration of the same day.
        number_base = (now.hour * 3600 + now.minute * 60 + now.second) * 10 if stage.lasting else 0
        self._content = Content(seed=2026, now=now, number_base=number_base)
        self._histories: list[list[dict[str, Any]]] = []
        self.promises: list[Promise] = []

    async def play(self) -> None:
        """Play all acts."""
        async with OneStop(self._stage.addresses.hub, self._stage.tokens["mot-cua"]) as one_stop:
            await self._lookup(one_stop)
            await self._submit(one_stop)
            await self._outage(one_stop)
            await self._lost_replies(one_stop)
            await self._settle(one_stop)
            await self._judge(one_stop)
            await self._follow(one_stop)

    @property
    def sample_code(self) -> str:
        """A dossier worth following."""
        return str(self._histories[0][0]["code"])

    # --- acts --------------------------------------------------------------------------------------------------------

    async def _lookup(self, one_stop: OneStop) -> None:
        self._screen.act(1, "Tra cứu công dân thay cho giấy tờ", "Citizen data instead of a paper")
        query = {
            "personal_number": "001000000001",
            "full_name": "Nguyễn Văn A",
            "birth_date": "2000-01-31",
            "procedure": "1.001193",
            "dossier_code": self._content.code(1),
            "purpose": "dossier-processing",
            "officer": "canbo01",
        }
        answer = await one_stop.lookup(query)
        matched = answer.status_code == httpx.codes.OK and answer.json()["match"] == "one"
        self._screen.say(f"H56.14 hỏi dịch vụ 037: {answer.status_code}", f"asked service 037: {answer.status_code}")
        if matched:
            citizen = answer.json()["citizen"]
            self._screen.say(
                f"Họ tên theo CSDL: {citizen['full_name']}", "the record came back in the hub's own schema"
            )
        async with OneStop(self._stage.addresses.hub, self._stage.tokens["ho-tich"]) as stranger:
            refusal = await stranger.lookup(query)
        problem = refusal.json()
        self._screen.say(
            f"H56.15 chưa được cấp quyền: {problem['detail_vi']}", f"{problem['code']}: refused and told why"
        )
        seen = (await self._stage.population.summary())["rows"]
        self._promise("Tra cứu có quyền được trả lời", "The lookup with a grant was answered", held=matched)
        self._promise(
            "Tra cứu không có quyền bị từ chối và không đến nguồn",
            "The lookup without a grant was refused and never reached the source",
            held=refusal.status_code == httpx.codes.FORBIDDEN and problem["origin"] == "caller" and seen == 1,
        )

    async def _submit(self, one_stop: OneStop) -> None:
        self._screen.act(2, f"{DOSSIERS} hồ sơ được tiếp nhận", f"{DOSSIERS} dossiers are accepted")
        first = [self._content.dossier(number) for number in range(1, DOSSIERS + 1)]
        self._histories = [[dossier] for dossier in first]
        async with self._watched(one_stop):
            await one_stop.submit_all(first[: DOSSIERS // 2])
            self._screen.say("Cổng ngừng hoạt động 15 giây", "the portal goes down for 15 s")
            await self._stage.portal.expire_sessions()
            await self._stage.portal.fault("down", duration_s=OUTAGE_S)
            await one_stop.submit_all(first[DOSSIERS // 2 :])
        self._promise(
            "Mọi hồ sơ đều có biên nhận, kể cả khi Cổng ngừng hoạt động",
            "Every dossier got its receipt, the portal being down or not",
            held=len(one_stop.receipts) == DOSSIERS,
        )

    async def _outage(self, one_stop: OneStop) -> None:
        self._screen.act(3, "Cổng ngừng rồi trở lại với phiên đã hết hạn", "An outage, and a session that has expired")
        async with self._watched(one_stop):
            await self._send_next(one_stop, revision=2)
            counted = await one_stop.overview()
            self._promise(
                "Khi Cổng ngừng, các lượt gửi chờ trong hàng của mình",
                "While the portal was down, deliveries waited in their lanes",
                held=sum(row[state] for row in counted["platforms"] for state in _UNSETTLED) > 0,
            )
            await asyncio.sleep(OUTAGE_S)

    async def _lost_replies(self, one_stop: OneStop) -> None:
        self._screen.act(4, "Cổng xử lý rồi đánh mất câu trả lời", "The portal acts and drops its reply")
        await self._stage.portal.fault("drop_reply", probability=0.25, count=40, service="DongBoHoSoMC")
        async with self._watched(one_stop):
            await self._send_next(one_stop, revision=3)
            await self._unsettled_below(one_stop, 0)
        asked = await one_stop.inquiries()
        await self._stage.portal.clear_faults()
        self._screen.say(f"Trục đã hỏi lại {asked} lần (TraCuuHoSo)", f"{asked} inquiries instead of blind repeats")
        self._promise("Trục hỏi lại thay vì gửi mù", "In doubt the hub asked before it sent again", held=asked > 0)

    async def _settle(self, one_stop: OneStop) -> None:
        self._screen.act(5, "Trả kết quả", "Results are returned")
        async with self._watched(one_stop):
            await self._send_next(one_stop, revision=4)
            settled = await self._unsettled_below(one_stop, 0)
        self._promise("Không lượt gửi nào còn treo", "No delivery was left behind", held=settled)

    async def _judge(self, one_stop: OneStop) -> None:
        self._screen.act(6, "Sổ của chính Cổng (sandbox)", "The portal's own ledger (sandbox)")
        rows = [row async for row in self._stage.portal.rows()]
        found = verdict(rows, expected(self._histories))
        self._screen.verdict(found)
        self.promises.extend(delivery_promises(found))
        dead = sum(row["dead"] for row in (await one_stop.overview())["platforms"])
        self._promise("Không có bản tin chết", "There is no dead letter", held=dead == 0)

    async def _follow(self, one_stop: OneStop) -> None:
        self._screen.act(7, f"Theo dõi hồ sơ {self.sample_code}", "One dossier, followed to its end")
        timeline = await one_stop.timeline(self.sample_code)
        states = [line["state"] for message in timeline["messages"] for line in message["deliveries"]]
        hops = sum(len(message["hops"]) for message in timeline["messages"])
        self._screen.say(
            f"{len(timeline['messages'])} bản tin, {len(states)} lượt gửi, {hops} chặng",
            f"{len(timeline['messages'])} messages, {len(states)} deliveries, {hops} hops",
        )
        self._promise(
            "Mọi chặng của một hồ sơ đều tra được",
            "Every hop of a dossier can be told",
            held=len(timeline["messages"]) == len(STATES) and set(states) == {"delivered"},
        )

    # --- pieces ------------------------------------------------------------------------------------------------------

    def _promise(self, vi: str, en: str, *, held: bool) -> None:
        self.promises.append(Promise(vi, en, held))

    async def _send_next(self, one_stop: OneStop, revision: int) -> None:
        for history in self._histories:
            history.append(self._content.later(history[-1], revision))
        await one_stop.submit_all(history[-1] for history in self._histories)

    async def _unsettled_below(self, one_stop: OneStop, limit: int) -> bool:
        """Wait until no more than `limit` deliveries are under way. Return whether it came to that."""
        async with asyncio.timeout(SETTLE_S_MAX) as bound:
            try:
                while await self._unsettled(one_stop) > limit:  # noqa: ASYNC110 - another process is asked
                    await asyncio.sleep(0.25)
            except TimeoutError:
                return False
        return not bound.expired()

    async def _unsettled(self, one_stop: OneStop) -> int:
        counted = await one_stop.overview()
        missing = len(one_stop.receipts) - int(counted["accepted"])
        return missing + sum(int(row[state]) for row in counted["platforms"] for state in _UNSETTLED)

    @asynccontextmanager
    async def _watched(self, one_stop: OneStop) -> AsyncIterator[None]:
        """Show the numbers every second while something goes on."""
        self._screen.heads()
        watching = asyncio.create_task(self._watch(one_stop))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            self._screen.numbers(await one_stop.overview())

    async def _watch(self, one_stop: OneStop) -> None:
        while True:
            await asyncio.sleep(1)
            self._screen.numbers(await one_stop.overview())
