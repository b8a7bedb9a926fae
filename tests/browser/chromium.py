"""Chromium, driven through its DevTools protocol: just what the tests of the console need."""

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
START_S_MAX = 25.0
ANSWER_S_MAX = 15.0
_ENDING_S_MAX = 5.0
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-component-update"),
    *("--disable-background-networking", "--disable-sync", "--disable-default-apps", "--password-store=basic"),
    *("--force-device-scale-factor=1", "--remote-debugging-port=0", "--lang=vi", "--accept-lang=vi"),
)


class BrowserFailed(AssertionError):
    """The browser is not there, did not start, or did not answer."""


def find_chromium(paths: Sequence[str] = PATHS) -> str:
    """Return the path of the browser. BrowserFailed when there is none: a test that cannot look has not passed."""
    found = next((path for path in paths if Path(path).exists()), None)
    if found is None:
        raise BrowserFailed(
            f"the browser tests need Chromium (apt install chromium); none of {', '.join(paths)} is there"
        )
    return found


class Chromium:
    """One browser process with a profile of its own; ended, with all its children, on leaving."""

    def __enter__(self) -> Self:
        self._profile = Path(tempfile.mkdtemp(prefix="hub-chromium-"))
        self._process = subprocess.Popen(
            [find_chromium(), *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(self._profile), "XDG_CACHE_HOME": str(self._profile)},
            start_new_session=True,
        )
        try:
            self.address = self._wait_for_address()
        except BrowserFailed:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _wait_for_address(self) -> str:
        """Return the browser's websocket, which it writes into its profile once it listens."""
        file, ends_at_s = self._profile / "DevToolsActivePort", time.monotonic() + START_S_MAX
        while time.monotonic() < ends_at_s and self._process.poll() is None:
            lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            time.sleep(0.02)
        raise BrowserFailed(f"Chromium did not start within {START_S_MAX:.0f} s (exit code {self._process.poll()})")

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_ENDING_S_MAX)
        shutil.rmtree(self._profile, ignore_errors=True)


@dataclass(slots=True)
class Seen:
    """What a tab did: its requests, what its console said, and which errors came up."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Tab:
    """One tab in a profile of its own, and what was seen of it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.seen = Seen()
        self._socket = socket
        self._session = ""
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loads = 0

    async def open(self, address: str) -> None:
        """Go to an address and wait until it has loaded."""
        await self._loading(lambda: self.call("Page.navigate", url=address))

    async def click(self, selector: str, *, loads: bool = False) -> None:
        """Click the element, and wait for the next page when the click leads to one."""

        async def act() -> None:
            await self.run(f"document.querySelector({json.dumps(selector)}).click()")

        await (self._loading(act) if loads else act())

    async def type(self, selector: str, text: str) -> None:
        """Write a text into a field as a keyboard would."""
        await self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.call("Input.insertText", text=text)

    async def press(self, key: str, *, loads: bool = False) -> None:
        """Press a key: Tab or Enter."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r")}[key]

        async def act() -> None:
            for kind in ("keyDown", "keyUp"):
                what = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
                await self.call(
                    "Input.dispatchKeyEvent", **what, **({"text": text} if kind == "keyDown" and text else {})
                )

        await (self._loading(act) if loads else act())

    async def run(self, script: str) -> Any:
        """Return the value of an expression in the page. BrowserFailed when it throws."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserFailed(f"{script}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    async def text(self, selector: str) -> str:
        """Return the text of an element as a person sees it; "" when there is none."""
        return str(await self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    async def until(self, script: str, within_s: float = ANSWER_S_MAX) -> None:
        """Wait until an expression is true in the page. BrowserFailed when it stays false."""
        ends_at_s = time.monotonic() + within_s
        while not await self.run(script):
            if time.monotonic() > ends_at_s:
                raise BrowserFailed(f"never true: {script}; the page says: {(await self.text('body'))[:1000]}")
            await asyncio.sleep(0.03)

    async def shape(self, width: int, height: int, *, dark: bool = False) -> None:
        """Give the window a size in pixels, and the reader's wish for light or dark."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, file: Path, *, whole: bool = True) -> None:
        """Write what is seen into a PNG file."""
        answer = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        await asyncio.to_thread(file.write_bytes, base64.b64decode(answer["data"]))

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Send one command to the tab and return its result. BrowserFailed when it is refused or not answered."""
        number, session = next(self._numbers), {"sessionId": self._session} if self._session else {}
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json({"id": number, "method": method, "params": arguments, **session})
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                found = await answer
        except TimeoutError:
            raise BrowserFailed(f"Chromium did not answer {method}") from None
        if "error" in found:
            raise BrowserFailed(f"{method}: {found['error']['message']}")
        result: dict[str, Any] = found["result"]
        return result

    @asynccontextmanager
    async def holding(self, pattern: str) -> AsyncIterator[None]:
        """Keep requests to addresses like the pattern from leaving, until the end."""
        await self.call("Fetch.enable", patterns=[{"urlPattern": pattern}])
        try:
            yield
        finally:
            await self.call("Fetch.disable")

    async def attach(self) -> None:
        """Make the tab and begin to watch it."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = (await self.call("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
        self._session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self.call(f"{domain}.enable")

    async def listen(self) -> None:
        """Take what the browser says, for as long as the tab is there."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            else:
                self._note(said["method"], said["params"])

    def _note(self, event: str, what: dict[str, Any]) -> None:
        match event:
            case "Page.loadEventFired":
                self._loads += 1
            case "Network.requestWillBeSent":
                self.seen.requests.append(what["request"]["url"])
            case "Runtime.exceptionThrown":
                self.seen.errors.append(str(what["exceptionDetails"]))
            case "Runtime.consoleAPICalled":
                self.seen.errors.append(str(what["args"]))
            case "Log.entryAdded" if what["entry"]["level"] in {"warning", "error"}:
                self.seen.errors.append(f"{what['entry']['text']} {what['entry'].get('url', '')}")

    async def _loading(self, act: Callable[[], Any]) -> None:
        before, ends_at_s = self._loads, time.monotonic() + ANSWER_S_MAX
        await act()
        while self._loads == before:
            if time.monotonic() > ends_at_s:
                raise BrowserFailed("the page did not load")
            await asyncio.sleep(0.01)


@asynccontextmanager
async def new_tab(browser: Chromium) -> AsyncIterator[Tab]:
    """Open a tab that shares nothing with other tabs, and close it."""
    async with aiohttp.ClientSession() as client, client.ws_connect(browser.address, max_msg_size=2**26) as socket:
        tab = Tab(socket)
        listening = asyncio.create_task(tab.listen())
        try:
            await tab.attach()
            yield tab
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
