/** Servers of others in several languages, over stdio and HTTP, as they come: what docs/third-party.md says of them. */
import { shows } from "./third-party.ts";

shows({ scenario: "everything", servers: ["mcp-server-everything"] });
shows({ scenario: "python", servers: ["mcp-server-time"] });
shows({ scenario: "go", servers: ["everything"] });
