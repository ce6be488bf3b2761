import { type FairnessRun, OTHERS } from '../fairness/fairness.ts';
import { median } from '../support/statistics.ts';
import type { Section } from './sections.ts';

/** How fast others' rows go through the jobs, without and with one member who does their worst. */
export function fairnessSections(runs: readonly FairnessRun[]): Section[] {
  if (runs.length === 0) return [];
  return [
    {
      title: `${OTHERS.toLocaleString('en')} users beside one who does their worst`,
      note:
        `Rows of the others a second, medians of ${runs[0]?.alone.length ?? 0} rounds in turn. The member has 200 grants with the ` +
        `longest tokens and a wrong client, all due longest, 1,000 links with the largest credentials, and as many expired ` +
        `rows as one credential and network can make between two runs.`,
      head: ['job', 'rows/s alone', 'rows/s beside the member', 'ratio'],
      lines: runs.map(({ job, alone, withMember, ratio }) => [
        job,
        median(alone).toFixed(0),
        median(withMember).toFixed(0),
        `${ratio.toFixed(2)}×`,
      ]),
    },
  ];
}
