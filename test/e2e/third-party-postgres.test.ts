/** Servers of others before a real PostgreSQL: what docs/third-party.md says of them. */
import { postgres } from "../lab/services.ts";
import { shows } from "./third-party.ts";

const service = postgres;

shows({
  scenario: "postgres-outage",
  service,
  servers: ["enhanced-postgres-mcp"],
  finds: { survives: /^pg ended by itself \d+ times: .*Connection terminated unexpectedly/ },
});

shows({
  scenario: "postgres-duplicates",
  service,
  servers: ["enhanced-postgres-mcp"],
  // And nothing of those who say ON CONFLICT DO NOTHING.
  finds: { "duplicate-effects": /^\d+ of \d+ pg\.insert ops had more than one effect, as read back by sql: [^\n]+$/ },
});

shows({
  scenario: "postgres-dbhub",
  service,
  servers: ["dbhub"],
  finds: {
    "duplicate-effects": /dbhub\.execute_sql ops had more than one effect/,
    survives: /^dbhub ended by itself once: .*Connection terminated unexpectedly/,
  },
});
