from contextlib import asynccontextmanager

from loop import drive
from langchain_mcp_adapters.client import MultiServerMCPClient


@asynccontextmanager
async def opening(url):
    client = MultiServerMCPClient({"driven": {"transport": "streamable_http", "url": url}})
    tools = {tool.name: tool for tool in await client.get_tools()}

    async def call(tool, args):
        message = await tools[tool].ainvoke({"type": "tool_call", "id": "1", "name": tool, "args": args})
        return message.status != "error"

    yield call


drive(opening)
