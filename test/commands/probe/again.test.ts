import { expect, test } from "vitest";
import { againOf } from "../../../src/commands/probe/again.ts";

const plain = { seed: 7, allowTool: [], allowHost: [], header: [], upstream: [], egress: [] };

test("a command stands behind the dashes, a URL before them, and both together so", () => {
  expect(againOf(["node", "server.js", "--port", "1"], plain)).toBe("squall probe --seed 7 -- node server.js --port 1");
  expect(againOf(["http://127.0.0.1:3001/mcp"], plain)).toBe("squall probe --seed 7 http://127.0.0.1:3001/mcp");
  expect(againOf(["http://127.0.0.1:${port}/mcp", "node", "a b.js"], plain)).toBe(
    "squall probe --seed 7 'http://127.0.0.1:${port}/mcp' -- node 'a b.js'",
  );
});

test("a server of a client's file is named with the file", () => {
  const file = { ...plain, mcpConfig: "my files/.mcp.json" };
  expect(againOf(["billing"], file)).toBe("squall probe --seed 7 --mcp-config 'my files/.mcp.json' billing");
  expect(againOf([], file)).toBe("squall probe --seed 7 --mcp-config 'my files/.mcp.json'");
});

test("all that decides what is called and what is broken is said again, and no secret", () => {
  const options = {
    ...plain,
    allowTool: ["Create it"],
    allowHost: ["staging.example.com"],
    header: ["authorization: Bearer ${env.TOKEN}"],
    upstream: ["API_URL=http://127.0.0.1:9000", "DB=postgres://app:hunter2-hunter2@127.0.0.1/shop"],
    egress: ["api.example.com:443"],
    samples: "samples.yaml",
  };
  expect(againOf(["node", "server.js", "--api-key=hunter2-hunter2"], options)).toBe(
    "squall probe --seed 7 --allow-tool 'Create it' --allow-host staging.example.com " +
      "--header 'authorization: Bearer ${env.TOKEN}' --upstream API_URL=http://127.0.0.1:9000 " +
      "--upstream 'DB=postgres://app:***@127.0.0.1/shop' --egress api.example.com:443 --samples samples.yaml " +
      "-- node server.js '--api-key=***'",
  );
});
