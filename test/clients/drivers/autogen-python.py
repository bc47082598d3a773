from contextlib import asynccontextmanager

from loop import drive
from autogen_core import CancellationToken
from autogen_ext.tools.mcp import StreamableHttpServerParams, mcp_server_tools


@asynccontextmanager
async def opening(url):
    tools = {tool.name: tool for tool in await mcp_server_tools(StreamableHttpServerParams(url=url))}

    async def call(tool, args):
        await tools[tool].run_json(args, CancellationToken())
        return True

    yield call


drive(opening)
