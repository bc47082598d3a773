/** What the API answers when it says no: Toxiproxy's named errors with their status. */
import type { z } from "zod";

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, says: string) {
    super(says);
    this.status = status;
  }
}

const errors = {
  badRequestBody: [400, "bad request body"],
  missingField: [400, "missing required field"],
  proxyNotFound: [404, "proxy not found"],
  proxyAlreadyExists: [409, "proxy already exists"],
  invalidStream: [400, "stream was invalid, can be either upstream or downstream"],
  invalidToxicType: [400, "invalid toxic type"],
  toxicAlreadyExists: [409, "toxic already exists"],
  toxicNotFound: [404, "toxic not found"],
} as const;

export function apiError(error: keyof typeof errors, detail?: string): ApiError {
  const [status, says] = errors[error];
  return new ApiError(status, detail === undefined ? says : `${says}: ${detail}`);
}

/** What anything thrown by a handler becomes: whatever has no name is a 500 with its own words. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError(500, thrown instanceof Error ? thrown.message : String(thrown));
}

/** Runs a check of a request's body; what it finds wrong is the client's fault. */
export function readAs<T>(schema: z.ZodType<T>, given: unknown, path: readonly string[] = []): T {
  const read = schema.safeParse(given);
  if (!read.success) throw badBody(read.error, path);
  return read.data;
}

export function badBody({ issues }: z.ZodError, path: readonly string[] = []): ApiError {
  const says = issues.map((issue) => [[...path, ...issue.path].join("."), issue.message].filter(Boolean).join(": "));
  return apiError("badRequestBody", says.join("; "));
}
