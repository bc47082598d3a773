/** One call of Toxiproxy's API as a client without any wrapper makes it. */
export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly text: string;
  /** Of many shapes; a wrong one fails the test that reads it. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export async function ask(
  url: string,
  line: string,
  body?: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const [method = "", path = ""] = line.split(" ");
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url + path, {
    method,
    headers,
    redirect: "manual",
    ...(sent === undefined ? {} : { body: sent }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    headers: response.headers,
    text,
    body: /^[{[]/.test(text) ? JSON.parse(text) : undefined,
  };
}
