// @modelcontextprotocol/sdk v1 names the DOM's HeadersInit in its declarations; undici's is the one Node has.
type HeadersInit = import("undici-types").HeadersInit;

// playwright-core names the DOM's types in its declarations. What tests run inside of a page, they pass as text.
type Node = object;
type HTMLElement = object;
type SVGElement = object;
type HTMLElementTagNameMap = Record<string, HTMLElement>;
