/**
 * The SDK's own validator, whose patience ends: a tool's output schema is its server's, and so are the patterns in it, of
 * which one can take years for a short text.
 */
import type { ClientOptions } from "@modelcontextprotocol/sdk/client/index.js";
import { createContext, Script } from "node:vm";

type Validator = NonNullable<ClientOptions["jsonSchemaValidator"]>;
type Schema = Parameters<Validator["getValidator"]>[0];

// By a name that TypeScript does not follow: the types behind it do not hold together.
const moduleName: string = "@modelcontextprotocol/sdk/validation/ajv";
const sdks: { readonly AjvJsonSchemaValidator: new () => Validator } = await import(moduleName);

const patienceMs = 250;

export function createPatientValidator(): Validator {
  const own = new sdks.AjvJsonSchemaValidator();
  return {
    getValidator: <T>(schema: Schema) => {
      const validate = own.getValidator<T>(schema);
      // Only a pattern can take its time, and waiting with a limit is not free.
      const mayTakeLong = /"pattern(?:Properties)?":/.test(JSON.stringify(schema));
      return mayTakeLong ? (input: unknown) => within(() => validate(input)) : validate;
    },
  };
}

const script = new Script("check()");

/** Only the engine itself can end what does not return. */
function within<T>(check: () => T): T {
  let found: { readonly value: T } | undefined;
  try {
    script.runInContext(createContext({ check: () => void (found = { value: check() }) }), { timeout: patienceMs });
  } catch (thrown) {
    // Its error comes out of another context, where it is no Error of ours.
    if (found === undefined && !(thrown instanceof Error)) {
      const says = `its output schema has a pattern that takes more than ${patienceMs} ms to try`;
      throw new Error(says, { cause: thrown });
    }
    throw thrown;
  }
  if (found === undefined) throw new Error("the check did not come to its end");
  return found.value;
}
