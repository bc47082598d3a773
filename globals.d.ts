// @modelcontextprotocol/sdk v1 names the DOM's HeadersInit in its declarations; undici's is the one Node has.
type HeadersInit = import("undici-types").HeadersInit;
