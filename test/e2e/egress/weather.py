"""An MCP server over stdio that asks a weather API at a fixed address, with nothing but Python's own library.

MODE: honest says when the API fails; swallow answers an empty list; bypass asks API_URL past every proxy.
"""
import json
import os
import sys
import threading
import urllib.request

MODE = os.environ.get("MODE", "honest")
HANDLERS = [urllib.request.ProxyHandler({})] if MODE == "bypass" else []
OPENER = urllib.request.build_opener(*HANDLERS)
TOOL = {"name": "Forecast", "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}}}
WRITING = threading.Lock()


def forecast(params):
    request = urllib.request.Request(os.environ["API_URL"] + "/forecast?city=" + params["arguments"]["city"])
    trace = params.get("_meta", {}).get("traceparent")
    if trace:
        request.add_header("traceparent", trace)
    try:
        with OPENER.open(request, timeout=2) as answer:
            days = json.load(answer)["days"]
    except Exception as error:
        print("the API failed:", error, file=sys.stderr)
        if MODE != "swallow":
            return {"isError": True, "content": [{"type": "text", "text": f"the weather API failed: {error}"}]}
        days = []
    data = {"days": days}
    return {"content": [{"type": "text", "text": json.dumps(data)}], "structuredContent": data}


def result_of(message):
    method = message["method"]
    if method == "initialize":
        return {
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "weather", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [TOOL]}
    return forecast(message["params"]) if method == "tools/call" else {}


def answer(message):
    line = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result_of(message)})
    with WRITING:
        print(line, flush=True)


for text in sys.stdin:
    asked = json.loads(text)
    if "id" in asked:
        threading.Thread(target=answer, args=(asked,), daemon=True).start()
