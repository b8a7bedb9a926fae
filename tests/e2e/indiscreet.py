"""A portal that says too much: it stands before the sandbox and answers for some dossiers in words that name people."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web


@asynccontextmanager
async def indiscreet_portal(behind: str, answers: Mapping[str, tuple[str, str]]) -> AsyncIterator[str]:
    """Yield the address. `answers` maps dossier codes to (content type, body); other calls go to the portal behind."""
    async with aiohttp.ClientSession(behind) as portal:

        async def answer(request: web.Request) -> web.Response:
            body = await request.read()
            for code, (content_type, text) in answers.items():
                if code.encode() in body:
                    return web.Response(text=text, content_type=content_type)
            async with portal.request(request.method, request.path_qs, data=body, headers=request.headers) as reply:
                content = await reply.read()
                return web.Response(body=content, status=reply.status, content_type=reply.content_type)

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()
