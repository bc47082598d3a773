/** Whether arguments are what their schema allows, by a validator of JSON Schema. To be asked only where it can be ended. */
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { messageOf } from "../errors.ts";
import type { JsonObject } from "../wire/lean-rpc.ts";

export type Validator =
  /** Undefined where it fits; else where it does not, and why not. */
  { readonly wrongWith: (value: unknown) => string | undefined } | { readonly broken: string };

/** Schemas of tools seldom say their draft; what the newest does not take may be of an older one. */
export function validatorOf(schema: JsonObject): Validator {
  const { $schema: _, ...anonymous } = schema;
  const newest = compiled(new Ajv2020(options), anonymous);
  if (!("broken" in newest)) return newest;
  const older = compiled(new Ajv(options), anonymous);
  return "broken" in older ? newest : older;
}

const options = { strict: false, validateSchema: false, allErrors: false, logger: false } as const;

function compiled(ajv: Ajv, schema: JsonObject): Validator {
  try {
    addFormats.default(ajv);
    const validate = ajv.compile(schema);
    return {
      wrongWith: (value) => {
        if (validate(value)) return undefined;
        const [error] = validate.errors ?? [];
        return error === undefined
          ? "it does not fit"
          : `${error.instancePath} ${error.message ?? error.keyword}`.trim();
      },
    };
  } catch (error) {
    return { broken: messageOf(error) };
  }
}
