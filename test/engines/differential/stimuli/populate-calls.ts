/** Populating over the API: what is made, replaced and left alone. */
import { answers, asks, proxyJson, proxyTo, toMake, toxic, toxicJson, type Stimulus } from "../stimulus.ts";

const p = "/proxies/p";
const latency = toxicJson("latency", { latency: 5, jitter: 0 });

export const populateCalls: readonly Stimulus[] = [
  {
    name: "populate makes what is not there, in the order given",
    steps: [
      asks(
        "POST /populate",
        [toMake("q"), toMake("p", { enabled: false })],
        answers(201, { proxies: [proxyJson("q"), proxyJson("p", { enabled: false, listen: "127.0.0.1:0" })] }),
      ),
      asks("POST /populate", [], answers(201, { proxies: null })),
    ],
  },
  {
    name: "populate leaves alone what has not changed, with its toxics, and ignores enabled",
    steps: [
      proxyTo(),
      toxic("latency", { latency: 5 }),
      asks(
        "POST /populate",
        [toMake("p", { listen: "127.0.0.1:{p}", enabled: false })],
        answers(201, { proxies: [proxyJson("p", { toxics: [latency] })] }),
      ),
      asks(
        "POST /populate",
        [toMake("p", { listen: "localhost:{p}" })],
        answers(201, { proxies: [proxyJson("p", { toxics: [latency] })] }),
      ),
      asks(`PATCH ${p}`, { enabled: false }),
      asks(
        "POST /populate",
        [toMake("p", { listen: "127.0.0.1:{p}", enabled: true })],
        answers(201, { proxies: [proxyJson("p", { enabled: false, toxics: [latency] })] }),
      ),
    ],
  },
  {
    name: "populate replaces what has another upstream or port, without its toxics",
    steps: [
      proxyTo(),
      proxyTo("echo", "q"),
      toxic("latency", { latency: 5 }),
      asks(
        "POST /populate",
        [toMake("p", { listen: "127.0.0.1:{p}", upstream: "127.0.0.1:9" }), toMake("q")],
        answers(201, {
          proxies: [proxyJson("p", { upstream: "127.0.0.1:9" }), proxyJson("q", { listen: "127.0.0.1:{q'}" })],
        }),
      ),
    ],
  },
  {
    name: "every interface never equals itself: populate replaces the proxy, its toxics are lost",
    steps: [
      asks("POST /proxies", toMake("p", { listen: "0.0.0.0:0" })),
      toxic("latency", { latency: 5 }),
      asks(
        "POST /populate",
        [toMake("p", { listen: "[::]:{p}" })],
        answers(201, { proxies: [proxyJson("p", { listen: "[::]:{p}", toxics: [latency] })] }),
      ),
      asks(
        "POST /populate",
        [toMake("p", { listen: "0.0.0.0:{p}" })],
        answers(201, { proxies: [proxyJson("p", { listen: "[::]:{p}" })] }),
      ),
    ],
  },
  {
    name: "populate with an entry that is not whole makes nothing",
    steps: [
      asks("POST /populate", [toMake("q"), { name: "p" }], {
        status: 400,
        type: "application/json",
        marks: "id",
        body: { error: "missing required field: upstream at proxy 2", status: 400, proxies: null },
      }),
      asks("POST /populate", [{ upstream: "127.0.0.1:9" }], {
        status: 400,
        type: "application/json",
        marks: "id",
        body: { error: "missing required field: name at proxy 1", status: 400, proxies: null },
      }),
      asks("GET /proxies", undefined, answers(200, {})),
    ],
  },
  {
    name: "populate keeps what it made before a port was taken",
    steps: [
      proxyTo(),
      asks("POST /populate", [toMake("q"), toMake("r", { listen: "127.0.0.1:{p}" }), toMake("s")], {
        status: 500,
        type: "application/json",
        marks: "id",
        body: {
          error: "listen tcp 127.0.0.1:{p}: bind: address already in use",
          status: 500,
          proxies: [proxyJson("q", { listen: "127.0.0.1:{q}" })],
        },
      }),
      asks("GET /proxies", undefined, answers(200, { p: proxyJson("p"), q: proxyJson("q") })),
    ],
  },
];
