/**
 * The lean wire: our own MCP client over Streamable HTTP, for the revisions that open with `initialize`. It costs a
 * fraction of an SDK client and sees what SDKs mask: statuses, cut streams, wrong ids, answers that never come.
 */
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../errors.ts";
import { formatDuration, shown } from "../units.ts";
import { leanCall } from "./lean-call.ts";
import type { Reply } from "./lean-http.ts";
import { Line, type Message } from "./lean-line.ts";
import { isObject, type JsonObject } from "./lean-rpc.ts";
import { SessionError, type OpenSession, type Session, type Tool } from "./session.ts";
