/** Proxies over the API: what is answered, and what is there afterwards. */
import {
  answers,
  asks,
  badBody,
  gone,
  isRefused,
  proxyJson,
  proxyTo,
  refuses,
  toMake,
  toxic,
  toxicJson,
  type ServerAnswer,
  type Step,
  type Stimulus,
} from "../stimulus.ts";

const p = "/proxies/p";
const latency = toxicJson("latency", { latency: 5, jitter: 0 });
const withHeader = (line: string, agent: string, sees: ServerAnswer): Step => ({
  do: "ask",
  line,
  headers: { "user-agent": agent },
  sees,
});
const page404: ServerAnswer = {
  status: 404,
  type: "text/plain; charset=utf-8",
  marks: "nosniff",
  body: "404 page not found\n",
};
const wrongMethod: ServerAnswer = { status: 405, type: null, marks: "", body: "" };
const notAllowed: ServerAnswer = {
  status: 403,
  type: "text/plain; charset=utf-8",
  marks: "id nosniff",
  body: "User agent not allowed\n",
};

export const proxyCalls: readonly Stimulus[] = [
  {
    name: "a proxy is made, listed, shown and deleted",
    steps: [
      asks("POST /proxies", toMake("p"), answers(201, proxyJson("p"))),
      asks("POST /proxies", toMake("q"), answers(201, proxyJson("q"))),
      asks("GET /proxies", undefined, answers(200, { p: proxyJson("p"), q: proxyJson("q") })),
      asks(`GET ${p}`, undefined, answers(200, proxyJson("p"))),
      asks(`DELETE ${p}`, undefined, gone),
      asks(`GET ${p}`, undefined, refuses(404, "proxy not found")),
      asks("GET /proxies", undefined, answers(200, { q: proxyJson("q") })),
    ],
  },
  {
    name: "a name is taken once",
    steps: [
      proxyTo(),
      asks("POST /proxies", toMake("p"), refuses(409, "proxy already exists")),
      asks("POST /proxies", toMake("p", { listen: "nonsense" }), refuses(409, "proxy already exists")),
    ],
  },
  {
    name: "a port is taken once, and the proxy that wanted it is not there",
    steps: [
      proxyTo(),
      asks(
        "POST /proxies",
        toMake("q", { listen: "127.0.0.1:{p}" }),
        refuses(500, "listen tcp 127.0.0.1:{p}: bind: address already in use"),
      ),
      asks("GET /proxies/q", undefined, refuses(404, "proxy not found")),
    ],
  },
  {
    name: "a proxy made disabled refuses, and keeps its port from its first enabling on",
    steps: [
      asks(
        "POST /proxies",
        toMake("p", { enabled: false }),
        answers(201, proxyJson("p", { enabled: false, listen: "127.0.0.1:0" })),
      ),
      asks(`POST ${p}`, { enabled: true }, answers(200, proxyJson("p"))),
      isRefused("p", false),
      asks(`PATCH ${p}`, { enabled: false }, answers(200, proxyJson("p", { enabled: false }))),
      isRefused("p"),
      asks(`PATCH ${p}`, { enabled: true }, answers(200, proxyJson("p"))),
      isRefused("p", false),
    ],
  },
  {
    name: "an update keeps what it does not name, and never changes the name",
    steps: [
      proxyTo(),
      asks(`PATCH ${p}`, {}, answers(200, proxyJson("p"))),
      asks(`PATCH ${p}`, { name: "q", colour: "red" }, answers(200, proxyJson("p"))),
      asks(`PATCH ${p}`, { upstream: "127.0.0.1:9" }, answers(200, proxyJson("p", { upstream: "127.0.0.1:9" }))),
    ],
  },
  {
    name: "a proxy that moves to another address keeps its toxics",
    steps: [
      proxyTo(),
      toxic("latency", { latency: 5 }),
      asks(
        `PATCH ${p}`,
        { listen: "127.0.0.1:0" },
        answers(200, proxyJson("p", { listen: "127.0.0.1:{p'}", toxics: [latency] })),
      ),
      isRefused("p"),
      isRefused("p'", false),
    ],
  },
  {
    name: "a proxy whose new port is taken is stopped, and says so",
    steps: [
      proxyTo(),
      proxyTo("echo", "q"),
      asks(
        `PATCH ${p}`,
        { listen: "127.0.0.1:{q}" },
        refuses(500, "listen tcp 127.0.0.1:{q}: bind: address already in use"),
      ),
      isRefused("p"),
      asks(`GET ${p}`, undefined, answers(200, proxyJson("p", { listen: "127.0.0.1:{q}", enabled: false }))),
    ],
  },
  {
    name: "enabling where the port is taken fails, and a reset stops there",
    steps: [
      proxyTo(),
      asks(`PATCH ${p}`, { enabled: false }),
      asks("POST /proxies", toMake("q", { listen: "127.0.0.1:{p}" })),
      asks(`PATCH ${p}`, { enabled: true }, refuses(500, "listen tcp 127.0.0.1:{p}: bind: address already in use")),
      asks("POST /reset", undefined, refuses(500, "listen tcp 127.0.0.1:{p}: bind: address already in use")),
      asks(`GET ${p}`, undefined, answers(200, proxyJson("p", { enabled: false }))),
    ],
  },
  {
    name: "a reset starts every proxy and removes every toxic",
    steps: [
      proxyTo(),
      proxyTo("echo", "q"),
      toxic("latency", { latency: 5 }),
      toxic("timeout", {}, { stream: "upstream" }),
      asks(`PATCH ${p}`, { enabled: false }),
      asks("POST /reset", undefined, gone),
      asks("GET /proxies", undefined, answers(200, { p: proxyJson("p"), q: proxyJson("q") })),
      isRefused("p", false),
    ],
  },
  {
    name: "listening on a name and on every interface is answered as Go writes it",
    steps: [
      asks("POST /proxies", toMake("p", { listen: "localhost:0" }), answers(201, proxyJson("p"))),
      asks("POST /proxies", toMake("q", { listen: "0.0.0.0:0" }), answers(201, proxyJson("q", { listen: "[::]:{q}" }))),
      asks("POST /proxies", toMake("r", { listen: ":0" }), answers(201, proxyJson("r", { listen: "[::]:{r}" }))),
      asks(`PATCH ${p}`, { listen: "localhost:{p}" }, answers(200, proxyJson("p"))),
    ],
  },
  {
    name: "what is missing is named, and what cannot be read is refused",
    steps: [
      asks("POST /proxies", { upstream: "127.0.0.1:9" }, refuses(400, "missing required field: name")),
      asks("POST /proxies", { name: "p" }, refuses(400, "missing required field: upstream")),
      asks("POST /proxies", { name: "", upstream: "127.0.0.1:9" }, refuses(400, "missing required field: name")),
      asks("POST /proxies", "", refuses(400, "bad request body: EOF")),
      asks("POST /proxies", "{", badBody),
      asks("POST /proxies", "[]", badBody),
      asks("POST /proxies", { name: 7, upstream: "127.0.0.1:9" }, badBody),
      asks("POST /proxies", { name: "p", upstream: "127.0.0.1:9", enabled: "yes" }, badBody),
      asks("GET /proxies", undefined, answers(200, {})),
    ],
  },
  {
    name: "what is not there is not found, whatever the body says",
    steps: [
      asks("GET /proxies/nobody", undefined, refuses(404, "proxy not found")),
      asks("PATCH /proxies/nobody", "{", refuses(404, "proxy not found")),
      asks("DELETE /proxies/nobody", undefined, refuses(404, "proxy not found")),
      asks("GET /proxies/nobody/toxics", undefined, refuses(404, "proxy not found")),
      asks("POST /proxies/nobody/toxics", "{", refuses(404, "proxy not found")),
    ],
  },
  {
    name: "keys in any case, null for absent, and only the first value counts",
    steps: [
      asks(
        "POST /proxies",
        { NAME: "p", Upstream: "127.0.0.1:{echo}", LISTEN: "127.0.0.1:0", enabled: null },
        answers(201, proxyJson("p")),
      ),
      asks(
        "POST /proxies",
        '{"name":"q","upstream":"127.0.0.1:9","listen":"127.0.0.1:0"} trailing',
        answers(201, proxyJson("q", { upstream: "127.0.0.1:9" })),
      ),
      asks("POST /proxies", "null", refuses(400, "missing required field: name")),
    ],
  },
  {
    name: "a name may hold any sign, but a slash is out of reach",
    steps: [
      asks("POST /proxies", toMake("agent->server: a b?c#d")),
      asks(`GET /proxies/${encodeURIComponent("agent->server: a b?c#d")}/toxics`, undefined, answers(200, [])),
      asks("GET /proxies/a%2Fb", undefined, page404),
    ],
  },
  {
    name: "browsers are turned away on every route that there is",
    steps: [
      withHeader("GET /version", "Mozilla/5.0 (X11)", notAllowed),
      withHeader("POST /reset", "Mozilla/5.0 (X11)", notAllowed),
      withHeader("GET /nothing", "Mozilla/5.0 (X11)", page404),
      withHeader("GET /proxies", "not Mozilla/5.0", answers(200, {})),
    ],
  },
  {
    name: "routes and methods that there are not",
    steps: [
      asks("GET /nothing", undefined, page404),
      asks("GET /proxies/p/toxics/t/more", undefined, page404),
      asks("PUT /proxies", undefined, wrongMethod),
      asks("GET /reset", undefined, wrongMethod),
      asks("GET /populate", undefined, wrongMethod),
      asks("DELETE /proxies", undefined, wrongMethod),
    ],
  },
  {
    name: "the version is JSON with a type of its own",
    steps: [
      asks("GET /version", undefined, {
        status: 200,
        type: "application/json;charset=utf-8",
        marks: "id",
        body: { version: "…" },
      }),
    ],
  },
  {
    name: "an upstream that makes no sense is found out by the connection only",
    steps: [
      asks(
        "POST /proxies",
        toMake("p", { upstream: "nonsense" }),
        answers(201, proxyJson("p", { upstream: "nonsense" })),
      ),
    ],
  },
  {
    name: "an address to listen on that makes no sense is told in Go's words",
    steps: [
      asks(
        "POST /proxies",
        toMake("p", { listen: "foo" }),
        refuses(500, "listen tcp: address foo: missing port in address"),
      ),
      asks(
        "POST /proxies",
        toMake("p", { listen: "1:2:3" }),
        refuses(500, "listen tcp: address 1:2:3: too many colons in address"),
      ),
      asks(
        "POST /proxies",
        toMake("p", { listen: "127.0.0.1:70000" }),
        refuses(500, "listen tcp: address 70000: invalid port"),
      ),
      asks("GET /proxies", undefined, answers(200, {})),
    ],
  },
  {
    name: "a body of more than a mebibyte is refused",
    steps: [asks("POST /proxies", toMake("p", { padding: "x".repeat(1_100_000) }), badBody)],
  },
  {
    name: "a path with two slashes in a row is not found",
    steps: [asks("POST //proxies", toMake("p"), page404)],
  },
  {
    name: "metrics are there only where they were asked for",
    steps: [asks("GET /metrics", undefined, page404)],
  },
  {
    name: "odd calls that are fine",
    steps: [
      asks("POST /proxies?colour=red", toMake("p", { toxics: [{ type: "latency" }] }), answers(201, proxyJson("p"))),
      asks("GET /proxies?colour=red", undefined, answers(200, { p: proxyJson("p") })),
      asks("DELETE /proxies/p", { name: "q" }, gone),
      asks("POST /reset", "{", gone),
      asks("POST /proxies", '{"name":"a","name":"q","upstream":"127.0.0.1:9","listen":"127.0.0.1:0","enabled":false}'),
      asks(
        "GET /proxies/q",
        undefined,
        answers(200, proxyJson("q", { upstream: "127.0.0.1:9", listen: "127.0.0.1:0", enabled: false })),
      ),
      asks(
        "PATCH /proxies/q",
        "null",
        answers(200, proxyJson("q", { upstream: "127.0.0.1:9", listen: "127.0.0.1:0", enabled: false })),
      ),
    ],
  },
];
