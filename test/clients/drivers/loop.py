"""What every driver of a Python client shares: the orders and answers that loop.js tells of."""

import asyncio
import json
import os
import sys

answers = os.fdopen(3, "w", buffering=1)


def says(error):
    """Groups of exceptions hide what went wrong."""
    inner = getattr(error, "exceptions", None)
    return says(inner[0]) if inner else f"{type(error).__name__}: {error}"[:300]


async def serve(opening):
    """`opening(url)` is an async context manager that gives `call(tool, args)`, which is true unless it is an error."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    def answer(number, **came):
        answers.write(json.dumps({"to": number, **came}) + "\n")

    async def next_order():
        line = await reader.readline()
        if not line:
            os._exit(0)
        return json.loads(line)

    while True:
        order = await next_order()
        try:
            async with opening(order["url"]) as call:
                answer(order["number"], came="opened")
                order = await next_order()
                while order["do"] == "call":
                    try:
                        is_ok = await call(order["tool"], order["args"])
                        answer(order["number"], **({"came": "ok"} if is_ok else {"came": "error", "says": "isError"}))
                    except Exception as error:
                        answer(order["number"], came="error", says=says(error))
                    order = await next_order()
            answer(order["number"], came="closed")
        except BaseException as error:
            answer(order["number"], came="closed" if order["do"] == "close" else "error", says=says(error))


def drive(opening):
    asyncio.run(serve(opening))
