from contextlib import asynccontextmanager
from unittest.mock import MagicMock

from loop import drive
from google.adk.tools.mcp_tool import McpToolset, StreamableHTTPConnectionParams


@asynccontextmanager
async def opening(url):
    toolset = McpToolset(connection_params=StreamableHTTPConnectionParams(url=url))
    tools = {tool.name: tool for tool in await toolset.get_tools()}

    async def call(tool, args):
        result = await tools[tool].run_async(args=args, tool_context=MagicMock())
        return not (isinstance(result, dict) and (result.get("isError") or result.get("error")))

    yield call
    await toolset.close()


drive(opening)
