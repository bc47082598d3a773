/** Servers of others before a real Redis, a mail server and files: what docs/third-party.md says of them. */
import { mail, redis } from "../lab/services.ts";
import { shows } from "./third-party.ts";

shows({ scenario: "redis-outage", service: redis, servers: ["mcp-server-redis"] });

shows({
  scenario: "redis-duplicates",
  service: redis,
  servers: ["redis-mcp-server"],
  finds: { "duplicate-effects": /kv\.rpush ops had more than one effect/ },
});

shows({
  scenario: "mail-duplicates",
  service: mail,
  servers: ["mcp-email-server"],
  finds: { "duplicate-effects": /mail\.send_email ops had more than one effect/ },
});

shows({
  scenario: "mail-cancelled",
  service: mail,
  servers: ["mcp-email-server"],
  finds: { survives: /^mail ended by itself .*AssertionError: Request already responded to/ },
});

shows({
  scenario: "memory-lost-updates",
  servers: ["mcp-server-memory"],
  finds: { "duplicate-effects": /memory\.create_entities ops had no effect although the caller was told/ },
  controlArgs: ["--agents", "clerk=1"],
});

shows({ scenario: "filesystem", servers: ["mcp-server-filesystem"] });
