from contextlib import asynccontextmanager

from loop import drive
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel


@asynccontextmanager
async def opening(url):
    asked = {}

    # A model that wants its tool's answer: told of an error, it calls again.
    def model(messages, _info):
        parts = messages[-1].parts
        if any(isinstance(part, ToolReturnPart) and part.outcome == "success" for part in parts):
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart(asked["tool"], asked["args"])])

    toolset = MCPToolset(url)
    agent = Agent(FunctionModel(model), toolsets=[toolset])
    async with agent:

        async def call(tool, args):
            asked.update(tool=tool, args=args)
            return (await agent.run("Do it.")).output == "done"

        yield call


drive(opening)
