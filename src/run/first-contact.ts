/** A refusal at first contact, with what is likely to be its cause and what to do next, found by one look more. */
import { UserError } from "../errors.ts";
import { causeOf } from "../first-contact.ts";
import { look, type LookOptions } from "./look.ts";

/** Says more than `refusal` does, where more can be known. `at` is what the person calls the address. */
export async function explained(
  refusal: UserError,
  { server, at, ...options }: LookOptions & { readonly server: string; readonly at: URL },
): Promise<UserError> {
  // Somebody knew more already.
  if (refusal.mistakes.length > 0) return refusal;
  const { seen, elsewhere } = await look(options);
  const shown = (path: string): string => `${at.protocol}//${at.host}${path}`;
  const cause = causeOf(seen, {
    url: shown(at.pathname),
    ...(elsewhere === undefined ? {} : { elsewhere: { url: shown(elsewhere.path), speaks: elsewhere.speaks } }),
  });
  if (cause === undefined) return refusal;
  const { message, exitCode } = refusal;
  return new UserError(message, {
    exitCode,
    mistakes: [{ path: `servers.${server}.url`, ...cause }],
    cause: refusal.cause,
  });
}
