/** How long a connection stays open of which nobody has any use. */
import type { LinkContext } from "./traffic.ts";
import { msBetween, type Wait } from "./waits.ts";

export class Closing {
  readonly #context: LinkContext;
  /** The caller has ended it, or the callee has said that it would. */
  #sinceUs: number | undefined;

  constructor(context: LinkContext) {
    this.#context = context;
  }

  begin(): void {
    this.#sinceUs ??= this.#context.recorder.nowUs();
  }

  report(): Wait | undefined {
    const { recorder, closeWaits, sign } = this.#context;
    if (this.#sinceUs === undefined) return undefined;
    const wait = { sentUs: this.#sinceUs, answeredUs: recorder.nowUs() };
    sign({ is: "closed", lateMs: msBetween(wait.sentUs, wait.answeredUs), usualMs: closeWaits.usualMs() });
    return wait;
  }

  /** The callee has closed it. */
  end(): void {
    const closed = this.report();
    if (closed !== undefined) this.#context.closeWaits.add(closed);
  }
}
