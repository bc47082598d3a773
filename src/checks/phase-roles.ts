/** Which part of the run a moment belongs to. */
export interface PhaseStart {
  readonly fromUs: number;
  readonly role: string;
}

export function roleAt(phases: readonly PhaseStart[], us: number): string | undefined {
  for (let at = phases.length - 1; at >= 0; at -= 1) {
    const phase = phases[at];
    if (phase !== undefined && phase.fromUs <= us) return phase.role;
  }
  return undefined;
}
