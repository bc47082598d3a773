/** How a threshold stood when it ended the run. */
export interface FailedThreshold {
  readonly expression: string;
  readonly atUs: number;
  /** In the unit of the bound. */
  readonly value: number;
  readonly samples: number;
}
