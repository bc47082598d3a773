from contextlib import asynccontextmanager

from loop import drive
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


@asynccontextmanager
async def opening(url):
    async with streamablehttp_client(url) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            await session.list_tools()

            async def call(tool, args):
                return not (await session.call_tool(tool, args)).isError

            yield call


drive(opening)
