/** Toxics that change how bytes come: bandwidth, slicer, limit_data, slow_close, noop, and their order. */
import {
  after,
  answers,
  asks,
  badBody,
  between,
  change,
  counted,
  ends,
  finish,
  gets,
  mark,
  open,
  openOnly,
  pieces,
  proxyTo,
  received,
  remove,
  roughly,
  send,
  soon,
  stays,
  toxic,
  toxicJson,
  wait,
  type Stimulus,
} from "../stimulus.ts";

const up = { stream: "upstream" };
const addToxic = "POST /proxies/p/toxics";
const adds = (type: string, given: object, shown: Record<string, number>) =>
  asks(addToxic, { type, attributes: given }, answers(200, toxicJson(type, shown)));

const bandwidths: readonly Stimulus[] = [
  {
    name: "480 KB at 1000 KB/s take 480 ms",
    alone: true,
    steps: [
      proxyTo(),
      toxic("bandwidth", { rate: 1000 }, up),
      open("a"),
      send("a", counted(480_000)),
      gets("a.server", 480_000, between(470, 900)),
      received("a.server", counted(480_000)),
    ],
  },
  {
    name: "a slow line trickles: the first bytes come after a tenth of a second, the last in their time",
    servers: { speaker: { says: counted(100_000), after: "stays" } },
    steps: [
      proxyTo("speaker"),
      toxic("bandwidth", { rate: 100 }),
      mark("open"),
      open("a", { server: "speaker" }),
      gets("a", 1, after(99, "open")),
      gets("a", 100_000, between(985, 1500, "open")),
      received("a", counted(100_000)),
    ],
  },
  {
    name: "at a rate of 0 nothing passes, until the toxic is removed",
    steps: [
      proxyTo(),
      toxic("bandwidth", {}),
      open("a"),
      send("a", "hello"),
      stays("a", 300, 0),
      remove("bandwidth_downstream"),
      gets("a", 5, soon),
      received("a", "hello"),
    ],
  },
  {
    name: "at a rate of 0 nothing passes, until there is a rate",
    steps: [
      proxyTo(),
      toxic("bandwidth", {}),
      open("a"),
      send("a", "hello"),
      // Between two of its looks at the rate, each 100 ms: a change that comes at one may never be answered by a real one.
      stays("a", 250, 0),
      change("bandwidth_downstream", { attributes: { rate: 100 } }),
      gets("a", 5, soon),
    ],
  },
  {
    name: "removed under way, bandwidth lets the rest through at once",
    steps: [
      proxyTo(),
      toxic("bandwidth", { rate: 10 }),
      open("a"),
      send("a", counted(30_000)),
      gets("a.server", 30_000),
      gets("a", 1),
      remove("bandwidth_downstream"),
      gets("a", 30_000, soon),
      received("a", counted(30_000)),
    ],
  },
  {
    name: "bandwidth before latency hides in it",
    steps: [
      proxyTo(),
      toxic("bandwidth", { rate: 100 }),
      toxic("latency", { latency: 200 }),
      open("a"),
      send("a", counted(20_000)),
      gets("a", 20_000, between(199, 700)),
    ],
  },
  {
    name: "latency before bandwidth adds to it",
    steps: [
      proxyTo(),
      toxic("latency", { latency: 100 }),
      toxic("bandwidth", { rate: 100 }),
      open("a"),
      send("a", counted(20_000)),
      gets("a", 20_000, between(298, 800)),
    ],
  },
];

const slicers: readonly Stimulus[] = [
  {
    name: "a slicer sends pieces of about its size, and every byte",
    races: "pieces that are read late come joined",
    steps: [
      proxyTo(),
      toxic("slicer", { average_size: 64, size_variation: 16, delay: 5000 }),
      open("a"),
      send("a", counted(2048)),
      gets("a", 2048, roughly(150, 1500)),
      received("a", counted(2048)),
      pieces("a", roughly(12, 60)),
    ],
  },
  {
    name: "a slicer waits after every piece, the last one too",
    steps: [
      proxyTo(),
      toxic("slicer", { average_size: 250, delay: 50_000 }),
      open("a"),
      send("a", counted(1000)),
      gets("a", 1000, between(149, 600)),
      wait(0),
      finish("a.server"),
      ends("a", "fin"),
      received("a", counted(1000)),
    ],
  },
  {
    name: "a slicer with a delay below a millisecond",
    steps: [
      proxyTo(),
      toxic("slicer", { average_size: 64, delay: 10 }),
      open("a"),
      send("a", counted(4096)),
      gets("a", 4096, roughly(0, 600)),
      received("a", counted(4096)),
    ],
  },
];

const limits: readonly Stimulus[] = [
  ...[
    { says: 99, limit: 100, passes: 99, closes: false },
    { says: 100, limit: 100, passes: 100, closes: true },
    { says: 200, limit: 100, passes: 100, closes: true },
  ].map(({ says, limit, passes, closes }): Stimulus => ({
    name: `limit_data ${limit} with ${says} bytes passes ${passes}${closes ? " and closes" : ""}`,
    steps: [
      proxyTo(),
      toxic("limit_data", { bytes: limit }),
      open("a"),
      send("a", counted(says)),
      gets("a", passes),
      ...(closes ? [ends("a", "fin", soon), ends("a.server", "fin")] : [stays("a", 100, passes)]),
      {
        do: "received",
        end: "a",
        data: [counted(passes - (passes % 4)), ...(passes % 4 === 0 ? [] : ["\0".repeat(passes % 4)])],
      },
    ],
  })),
  {
    name: "limit_data 150000 with 200000 bytes passes 150000 and closes",
    // What a client was still sending would be unread, and turn the end into a reset.
    servers: { speaker: { says: counted(200_000), after: "stays" } },
    steps: [
      proxyTo("speaker"),
      toxic("limit_data", { bytes: 150_000 }),
      openOnly("a"),
      gets("a", 150_000),
      ends("a", "fin", soon),
      received("a", counted(150_000)),
    ],
  },
  {
    name: "limit_data 0 closes on the first data, not before",
    steps: [
      proxyTo(),
      toxic("limit_data", {}),
      open("a"),
      stays("a", 150, 0),
      send("a", "x"),
      ends("a", "fin", soon),
      received("a"),
    ],
  },
  {
    name: "limit_data counts through updates",
    steps: [
      proxyTo(),
      toxic("limit_data", { bytes: 100 }),
      open("a"),
      send("a", counted(60)),
      gets("a", 60),
      change("limit_data_downstream", { attributes: { bytes: 150 } }),
      send("a", counted(200)),
      ends("a", "fin"),
      received("a", counted(60), counted(88), "\0\0"),
    ],
  },
  {
    name: "limit_data counts each connection and each stream for itself",
    // 5 of 300 plays, of the real server alone: what the server says back is unread as its connection is closed.
    races: "an answer that comes between the limit and the close turns the end into a reset",
    steps: [
      proxyTo(),
      toxic("limit_data", { bytes: 4 }, up),
      open("a"),
      send("a", "abcdef"),
      ends("a", "fin"),
      ends("a.server", "fin"),
      received("a.server", "abcd"),
      open("b"),
      send("b", "abc"),
      gets("b", 3),
      stays("b", 50, 3),
    ],
  },
];

const slowCloses: readonly Stimulus[] = [
  {
    name: "slow_close delays the end, and no data",
    servers: { speaker: { says: "words", after: "ends" } },
    steps: [
      proxyTo("speaker"),
      toxic("slow_close", { delay: 250 }),
      mark("open"),
      open("a", { server: "speaker" }),
      gets("a", 5, { ...roughly(0, 200), since: "open" }),
      ends("a", "fin", after(250, "open")),
      received("a", "words"),
    ],
  },
  {
    name: "slow_close upstream delays the end of the client",
    servers: { sink: "sink" },
    steps: [
      proxyTo("sink"),
      toxic("slow_close", { delay: 250 }, up),
      open("a", { server: "sink" }),
      finish("a"),
      ends("a.server", "fin", after(250)),
    ],
  },
  {
    name: "toxics come and go while a connection waits for its end",
    // Once in some dozens of plays the real one adds it, as the embedded one does.
    races: "how far the end has come through the real server's toxics decides whether that loses count",
    servers: { sink: "sink" },
    steps: [
      proxyTo("sink"),
      toxic("slow_close", { delay: 30_000 }, { name: "one" }),
      toxic("slow_close", { delay: 30_000 }, { name: "two" }),
      open("a", { server: "sink" }),
      finish("a.server"),
      stays("a", 100, 0),
      remove("one"),
      remove("two"),
      toxic("noop", {}),
    ],
  },
  {
    name: "slow_close that is removed closes at once",
    servers: { sink: "sink" },
    steps: [
      proxyTo("sink"),
      toxic("slow_close", { delay: 30_000 }),
      open("a", { server: "sink" }),
      finish("a.server"),
      stays("a", 100, 0),
      remove("slow_close_downstream"),
      ends("a", "fin", soon),
    ],
  },
];

const calls: readonly Stimulus[] = [
  {
    name: "every other kind of toxic has its attributes, all 0 but where that would be the end",
    steps: [
      proxyTo(),
      adds("noop", { colour: "red" }, {}),
      adds("bandwidth", {}, { rate: 0 }),
      adds("slow_close", {}, { delay: 0 }),
      adds("limit_data", {}, { bytes: 0 }),
      adds("slicer", { average_size: 1 }, { average_size: 1, size_variation: 0, delay: 0 }),
    ],
  },
  {
    name: "a noop does nothing, added and removed live",
    steps: [
      proxyTo(),
      open("a"),
      send("a", "x"),
      gets("a", 1),
      toxic("noop", {}),
      send("a", "y"),
      gets("a", 2, soon),
      remove("noop_downstream"),
      send("a", "z"),
      gets("a", 3, soon),
      received("a", "xyz"),
    ],
  },
  {
    name: "what would end the real server is refused",
    steps: [
      proxyTo(),
      asks(addToxic, { type: "bandwidth", attributes: { rate: -1 } }, badBody),
      asks(addToxic, { type: "slicer" }, badBody),
      asks(addToxic, { type: "slicer", name: "s", attributes: { average_size: 100, size_variation: 400 } }, badBody),
    ],
  },
  {
    name: "ten megabytes through slicer, bandwidth and latency are unchanged",
    alone: true,
    steps: [
      proxyTo(),
      toxic("slicer", { average_size: 8000, size_variation: 2000 }),
      toxic("bandwidth", { rate: 20_000 }),
      toxic("latency", { latency: 20, jitter: 10 }),
      open("a"),
      send("a", counted(10_000_000)),
      gets("a", 10_000_000, roughly(490, 5000)),
      received("a", counted(10_000_000)),
    ],
  },
];

export const shapes: readonly Stimulus[] = [...bandwidths, ...slicers, ...limits, ...slowCloses, ...calls];
