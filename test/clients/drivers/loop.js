/**
 * What every driver of a JavaScript client shares. Orders come as lines of JSON on standard input, and each is answered
 * with a line on descriptor 3, because clients write to standard output what they like:
 *
 *     {"do":"open","url"} → opened    {"do":"call","tool","args"} → ok | error    {"do":"close"} → closed
 */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createInterface } from "node:readline";

const home = process.env.CLIENT_HOME ?? "";

/** A package of the client's own folder. */
export const bring = (name) => createRequire(join(home, "driver.js"))(name);

/** The same where a package may only be imported. */
export const bringFile = (path) => import(pathToFileURL(join(home, "node_modules", path)).href);

// What a client does behind its caller's back must not end it: that it goes on is part of its behaviour.
process.on("unhandledRejection", () => {});

/** `open(url)` gives `{ call(tool, args), close() }`; a call that throws, or answers isError, came to an error. */
export function drive(open) {
  let opened;
  const orders = {
    open: async ({ url }) => {
      opened = await open(url);
      return { came: "opened" };
    },
    call: async ({ tool, args }) => {
      const result = await opened.call(tool, args);
      return result?.isError === true ? { came: "error", says: "isError" } : { came: "ok" };
    },
    close: async () => {
      await opened?.close();
      opened = undefined;
      return { came: "closed" };
    },
  };
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      const order = JSON.parse(line);
      orders[order.do](order)
        .catch((error) => ({ came: "error", says: String(error).slice(0, 300) }))
        .then((answer) => writeSync(3, `${JSON.stringify({ to: order.number, ...answer })}\n`));
    })
    .on("close", () => process.exit());
}
