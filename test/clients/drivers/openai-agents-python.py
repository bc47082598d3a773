from contextlib import asynccontextmanager

from loop import drive
from agents.mcp import MCPServerStreamableHttp


@asynccontextmanager
async def opening(url):
    async with MCPServerStreamableHttp({"url": url}) as server:
        await server.list_tools()

        async def call(tool, args):
            result = await server.call_tool(tool, args)
            return not (getattr(result, "isError", None) or getattr(result, "is_error", False))

        yield call


drive(opening)
