/** What servers ask back: of the client that calls them, or of the person and the model behind it. */

/** Known by these names, whatever the revision: as a request of the server's own, or within an answer that asks for input. */
export const askMethods = ["elicitation/create", "sampling/createMessage", "roots/list"] as const;
export type AskMethod = (typeof askMethods)[number];

/**
 * What the script had for it. `never`: nobody answers; `too-late`: whatever it was asked for was over before its delay
 * was; `none`: the script has nothing for it, so it was refused.
 */
export type AskAnswer = "accept" | "decline" | "cancel" | "text" | "roots" | "never" | "too-late" | "none";

/** Written when it is dealt with. */
export interface ServerAsked {
  readonly type: "server-asked";
  readonly group: string;
  readonly agent: number;
  readonly server: string;
  readonly method: string;
  readonly answer: AskAnswer;
  readonly askedUs: number;
  /** What it was asked for: absent where several calls were under way that it may have been for, or none. */
  readonly op?: string;
  readonly attempt?: number;
}
