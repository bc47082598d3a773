/** What a crew's thread does with the orders of the supervisor. */
import { UserError } from "../errors.ts";
import { createMasks } from "../masks.ts";
import { createTracer } from "../history/ids.ts";
import { openHistory, type HistoryWriter } from "../history/segments.ts";
import type { World } from "../world.ts";
import { openCrew, type Crew } from "./crew.ts";
import type { Came, CrewBrief, Failure, Order, Said } from "./crew-messages.ts";
import { createWallet, identityFrom, type Granted } from "./identity.ts";
import { collectNews } from "./op-news.ts";
import { masking } from "./secrets.ts";
import { httpTarget } from "./session-target.ts";

export interface CrewSurroundings {
  readonly world: World;
  readonly say: (said: Said) => void;
}

const newsEveryMs = 100;

export async function serveCrew(
  brief: CrewBrief,
  { world, say }: CrewSurroundings,
): Promise<(number: number, order: Order) => Promise<void>> {
  const { directory, ...shared } = brief.history;
  const onFailed = ({ message }: Error): void => say({ is: "unwritten", says: message });
  const history = await openHistory(directory, world, { ...shared, onFailed });
  const masks = createMasks(brief.secrets);
  const wallet = createWallet(brief.granted, (identity, number) => say({ is: "token-refused", identity, number }));
  const news = collectNews(brief.declared);
  const crew = openCrew({
    ...brief,
    thread: brief.history.writer,
    groups: brief.groups.map(({ targets, ...group }) => ({
      ...group,
      targets: targets.map(({ server, url, identity, ...how }) =>
        httpTarget(server, {
          url: new URL(url),
          ...how,
          mask: masks.mask,
          ...(identity === undefined ? {} : { identity: identityFrom(identity, wallet) }),
        }),
      ),
    })),
    tracer: createTracer(brief.nonce, brief.groupNames),
    recorder: { ...history, record: masking(history.record, masks.mask) },
    watch: news,
    world,
  });
  const tell = (): void => {
    const told = news.take();
    if (told !== undefined) say({ is: "news", news: told });
  };
  const takeToken = (granted: Granted): void => {
    masks.add([granted.token]);
    wallet.put(granted);
  };
  const obey = orderly(crew, { history, world, tell, takeToken, refuseToken: wallet.refuse });
  return async (number, order) => {
    const came = await obey(order).catch((error: unknown): Came => ({ failed: failureOf(error) }));
    say({ is: "answer", to: number, ...came });
  };
}

function orderly(
  crew: Crew,
  about: {
    readonly history: HistoryWriter;
    readonly world: World;
    readonly tell: () => void;
    readonly takeToken: (granted: Granted) => void;
    readonly refuseToken: (identity: string) => void;
  },
): (order: Order) => Promise<Came> {
  const { history, world, tell, takeToken, refuseToken } = about;
  const stopping = new AbortController();
  const cutOff = new AbortController();

  const drive = async (originUs: number): Promise<Came> => {
    const over = new AbortController();
    const telling = (async () => {
      while (await world.sleep(newsEveryMs, over.signal)) tell();
    })();
    try {
      const { done } = crew.drive({ originUs, stopping: stopping.signal, cutOff: cutOff.signal });
      return { health: await done };
    } finally {
      over.abort();
      await telling;
      tell();
    }
  };

  return async (order) => {
    switch (order.do) {
      case "open":
        await crew.open(stopping.signal);
        return {};
      case "drive":
        return drive(order.originUs);
      case "tell-all":
        tell();
        return {};
      case "take-token":
        takeToken(order.granted);
        return {};
      case "refuse-token":
        refuseToken(order.identity);
        return {};
      case "stop":
        stopping.abort();
        return {};
      case "cut-off":
        cutOff.abort();
        return {};
      case "close":
        try {
          await crew.close();
        } finally {
          await history.close();
        }
        return { written: history.count() };
      default:
        return order satisfies never;
    }
  };
}

function failureOf(error: unknown): Failure {
  if (error instanceof UserError) {
    const { message: says, exitCode, mistakes } = error;
    return { says, user: { exitCode, mistakes } };
  }
  if (!(error instanceof Error)) return { says: String(error) };
  return { says: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}
