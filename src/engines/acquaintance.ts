/** The first words with a server that says it is Toxiproxy: whether it is one, and new enough. */
import { exitCodes, messageOf, UserError } from "../errors.ts";
import { shown } from "../units.ts";
import type { World } from "../world.ts";
import { EngineError, requestWithin } from "./control-request.ts";

/** Before it, /version was not even JSON. */
const oldest = "2.7.0";

/** Its version, or what a person has to mend. */
export async function acquaint(about: {
  readonly url: string;
  readonly says: string;
  readonly timeoutMs: number;
  readonly world: World;
}): Promise<string> {
  const { url, says, timeoutMs, world } = about;
  const asked = await requestWithin({ method: "GET", url: `${url}/version`, timeoutMs, world }).catch(
    (error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      if (!error.isUnanswered) throw noToxiproxy(says, `${error.status} to GET /version`);
      throw new UserError(`${messageOf(error)}: start a Toxiproxy there, or use --engine embedded`, {
        exitCode: exitCodes.unreachable,
        cause: error,
      });
    },
  );
  const version = versionIn(asked);
  if (version === undefined) throw noToxiproxy(says, shown(asked.trim()));
  // Those built from a checkout or by `go install` call themselves "git".
  if (/^\d/.test(version) && version.localeCompare(oldest, "en", { numeric: true }) < 0) {
    throw new UserError(`${says} is Toxiproxy ${version}, and ${oldest} or newer is needed: update it`);
  }
  return version;
}

function noToxiproxy(says: string, got: string): UserError {
  return new UserError(`${says} is no Toxiproxy: expected {"version": …} from GET /version, got ${got}`);
}

/** Old ones say the bare number, or leave the quotes out. */
function versionIn(text: string): string | undefined {
  return /^\s*(?:\{\s*"version"\s*:\s*)?"?(git[\w.+-]*|\d+\.\d+[\w.+-]*)"?\s*\}?\s*$/.exec(text)?.[1];
}
