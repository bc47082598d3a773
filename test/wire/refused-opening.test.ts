/** A server that names a session and then refuses the first request that carries the name, on both wires. */
import { describe, expect, test } from "vitest";
import { openLeanSession } from "../../src/wire/lean.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import { SessionError, type OpenSession } from "../../src/wire/session.ts";
import { errorTo, openTo, startFaultServer, type FaultServerOptions, type React } from "./fault-server.ts";

const wires: readonly (readonly [string, OpenSession])[] = [
  ["lean", openLeanSession],
  ["sdk", openSdkSession],
];

const refuse =
  (status: number): React =>
  (asked) =>
    asked.json(errorTo(asked, -32001, "Session not found"), status);

describe.each(wires)("%s", (_, open) => {
  /** Whether the failure to open a session tells that it was lost; undefined where it opens. */
  const isLoss = async (options: FaultServerOptions): Promise<boolean | undefined> => {
    const server = await startFaultServer(() => undefined, options);
    try {
      const session = await openTo(server.url, {}, open);
      await session.close();
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof SessionError)) throw thrown;
      return thrown.isLoss;
    } finally {
      await server.close();
    }
  };

  test.each([404, 400, 500])("a session that is refused with %i right after its opening is lost", async (status) => {
    const on = { "notifications/initialized": refuse(status) };
    expect(await isLoss({ sessionId: "s-1", on })).toBe(true);
  });

  test.each([429, 502, 503])("one that is refused with %i for another reason is not", async (status) => {
    const busy: React = (asked) => asked.json(errorTo(asked, -32000, "Busy"), status);
    expect(await isLoss({ sessionId: "s-1", on: { "notifications/initialized": busy } })).toBe(false);
  });

  test("one that has no id, or that was never opened, is none to be lost", async () => {
    expect(await isLoss({ on: { "notifications/initialized": refuse(404) } })).toBe(false);
    expect(await isLoss({ sessionId: "s-1", on: { initialize: refuse(404) } })).toBe(false);
  });

  test("tells whether the server gave it an id", async () => {
    for (const sessionId of ["s-1", undefined]) {
      const server = await startFaultServer(() => undefined, { sessionId });
      const session = await openTo(server.url, {}, open);
      expect(session.hasId).toBe(sessionId !== undefined);
      await session.close();
      await server.close();
    }
  });
});
