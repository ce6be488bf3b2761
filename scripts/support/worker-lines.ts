/**
 * A line of the Worker's or wrangler's output as `npm run dev` shows it, or null when it tells a person nothing: our
 * JSON log lines become words, wrangler's own chatter stays away, its warnings and errors stay.
 */
export function readableLine(line: string): string | null {
  const entry = parseLogLine(line);
  if (!entry) return /\b(warn|error)\b|ERROR|^✘|^▲|^\s+at |Reloading|Error:/i.test(line) ? line : null;
  const { event, level, requestId: _, ...fields } = entry;
  if (event === 'request')
    return `${String(fields.status)} ${String(fields.method)} ${String(fields.path)} ${String(fields.ms)} ms`;
  const words = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [level === 'info' ? '' : String(level).toUpperCase(), String(event), ...words].filter(Boolean).join(' ');
}

function parseLogLine(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{"level"')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
