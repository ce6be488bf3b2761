/** Whether a cron expression (five fields: numbers, `*`, lists, ranges, steps) names the UTC minute of `at`. */
export function isDue(expression: string, at: Date): boolean {
  const now = [at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1, at.getUTCDay()];
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) throw new Error(`A cron expression has five fields: "${expression}".`);
  return fields.every((field, i) =>
    field.split(',').some((part) => matches(part, now[i] ?? 0, i === 2 || i === 3 ? 1 : 0)),
  );
}

function matches(part: string, value: number, first: number): boolean {
  const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
  if (!found) throw new Error(`A cron field that is not understood: "${part}".`);
  const step = Number(found[3] ?? 1);
  const from = found[1] === undefined ? first : Number(found[1]);
  const to = found[1] === undefined ? Infinity : Number(found[2] ?? (found[3] ? Infinity : from));
  return value >= from && value <= to && (value - from) % step === 0;
}
