/** What an agent knows of the tools of its servers: listed when its policy says so, and believed until it is listed anew. */
import { discover, nothingDiscovered, type Discovered, type Moment, type Why } from "../agents/discovery.ts";
import { fittedCall, type FittedCall, type KnownTools, type WantedCall } from "../agents/fitted-call.ts";
import type { Discovery } from "../agents/policy.ts";
import type { Recorder } from "../history/events.ts";
import { listingOf } from "../steps/listing.ts";
import { SessionError, type Session, type Tool } from "../wire/session.ts";

/** With whom, for how long, and how often the server has said that its list changed. */
export interface At {
  readonly server: string;
  readonly session: Session;
  readonly timeoutMs: number;
  readonly heard: () => number;
}

export interface Catalogue {
  readonly opened: (at: At) => Promise<void>;
  /** The call by what is listed; undefined where no such tool is. */
  readonly fitted: (at: At, call: WantedCall) => Promise<FittedCall | undefined>;
  /** It was refused for what it asked: true where by now it would be another call. */
  readonly isMended: (at: At, call: WantedCall) => Promise<boolean>;
}

interface Place {
  readonly group: string;
  readonly agent: number;
  readonly recorder: Recorder;
}

interface OfServer {
  state: Discovered;
  tools: KnownTools | undefined;
  digest: string | undefined;
  /** Calls of one agent may overlap; they share what is asked. */
  asking: Promise<void> | undefined;
}

export function createCatalogue(discovery: Discovery, { group, agent, recorder }: Place): Catalogue {
  const servers = new Map<string, OfServer>();

  const ofServer = (server: string): OfServer => {
    const of = servers.get(server) ?? {
      state: nothingDiscovered,
      tools: undefined,
      digest: undefined,
      asking: undefined,
    };
    servers.set(server, of);
    return of;
  };

  const list = async (of: OfServer, at: At, about: { readonly why: Why; readonly tool?: string }): Promise<void> => {
    const { server, session, timeoutMs } = at;
    const startedUs = recorder.nowUs();
    const heard = at.heard();
    const common = { type: "discovered", group, agent, server, why: about.why, startedUs } as const;
    try {
      const tools = inOrder(await session.listTools(Math.max(1, timeoutMs)));
      const entries = tools.map(({ entry }) => entry);
      const { digest, count } = listingOf(entries);
      const isNews = of.digest !== undefined && of.digest !== digest;
      of.tools = new Map(tools.map(({ name, entry }) => [name, parametersOf(entry)]));
      of.digest = digest;
      of.state = discover(discovery, of.state, { is: "listed", heard, isNews, ...about }).state;
      const bytes = Buffer.byteLength(JSON.stringify(entries));
      recorder.record({ ...common, count, bytes, digest, ...(isNews ? { isNews } : {}) });
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      recorder.record({ ...common, count: 0, bytes: 0, digest: "", failed: error.message });
    }
  };

  const meet = async (at: At, moment: Moment): Promise<OfServer> => {
    const of = ofServer(at.server);
    while (of.asking !== undefined) await of.asking;
    const { state, list: why } = discover(discovery, of.state, moment);
    of.state = state;
    if (why === undefined) return of;
    of.asking = list(of, at, { why, ...("tool" in moment ? { tool: moment.tool } : {}) }).finally(() => {
      of.asking = undefined;
    });
    await of.asking;
    return of;
  };

  return {
    opened: async (at) => void (await meet(at, { is: "opened" })),
    fitted: async (at, call) => {
      const { tools } = await meet(at, { is: "calling", heard: at.heard() });
      // Who was told nothing calls as it always did.
      return tools === undefined ? call : fittedCall(call, tools);
    },
    isMended: async (at, call) => {
      const { tools: before } = ofServer(at.server);
      const { tools } = await meet(at, { is: "refused", tool: call.tool });
      if (before === undefined || tools === undefined || before === tools) return false;
      const after = fittedCall(call, tools);
      return after !== undefined && JSON.stringify(after) !== JSON.stringify(fittedCall(call, before));
    },
  };
}

/** Whatever order a server lists them in. */
function inOrder(tools: readonly Tool[]): readonly Tool[] {
  return tools.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

function parametersOf({ inputSchema }: Tool["entry"]): ReadonlyMap<string, readonly string[] | undefined> {
  const schema = objectOf(inputSchema);
  // What is put together from several schemas may take more than it names.
  if (["allOf", "anyOf", "oneOf", "$ref"].some((key) => schema[key] !== undefined)) return new Map();
  return new Map(
    Object.entries(objectOf(schema["properties"])).map(([name, of]) => {
      const { type } = objectOf(of);
      const types = (Array.isArray(type) ? type : [type]).filter((one): one is string => typeof one === "string");
      return [name, types.length === 0 ? undefined : types];
    }),
  );
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
