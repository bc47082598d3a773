/** What a server's egress gateway has to say; what goes over its links is told by their taps. */

/** A request of the server for a destination that no link leads to. */
export interface UnexpectedEgress {
  readonly type: "egress";
  readonly server: string;
  /** `host:port` */
  readonly destination: string;
  /** It was let through; else it was answered with 403. */
  readonly passed: boolean;
}
