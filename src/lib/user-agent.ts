/** What a `User-Agent` says about a device, for people to recognise their own sessions by. Never used to decide. */
import { parse } from 'bowser';

export interface Device {
  readonly deviceType: 'desktop' | 'mobile' | 'tablet' | null;
  /** For people: "Chrome on macOS". At most 255 characters. */
  readonly deviceName: string | null;
  /** Name and major version: "Chrome 131". At most 100 characters. */
  readonly browser: string | null;
  /** Name alone, since browsers freeze the version they report. At most 100 characters. */
  readonly os: string | null;
}

const UNKNOWN: Device = { deviceType: null, deviceName: null, browser: null, os: null };
const MAX_INPUT = 512;
const MAX_NAME = 80;

/** Reads a `User-Agent`; whatever is not recognised is null. Never throws; only the first 512 characters are read. */
export function describeDevice(userAgent: string | null): Device {
  const text = clean(userAgent ?? '', MAX_INPUT);
  if (!text) return UNKNOWN;
  try {
    const { browser, os, platform } = parse(text);
    const name = clean(browser.name ?? '', MAX_NAME) || programName(text);
    const osName = clean(os.name ?? '', MAX_NAME);
    return {
      deviceType: osName === 'Chrome OS' ? 'desktop' : deviceTypeOf(platform.type),
      deviceName: name && osName ? `${name} on ${osName}` : name || osName || null,
      browser: name ? [name, majorVersion(browser.version)].filter(Boolean).join(' ') : null,
      os: osName || null,
    };
  } catch {
    return UNKNOWN;
  }
}

function deviceTypeOf(type: string | undefined): Device['deviceType'] {
  return type === 'desktop' || type === 'mobile' || type === 'tablet' ? type : null;
}

/** Callers that are no browser name themselves first: "curl/8.5.0", "my-service". */
function programName(text: string): string {
  return /^[A-Za-z][A-Za-z0-9._-]{0,39}(?=\/|$)/.exec(text)?.[0] ?? '';
}

function majorVersion(version: string | undefined): string {
  return /^\d{1,6}/.exec(version ?? '')?.[0] ?? '';
}

/** PostgreSQL takes no U+0000 and no lone surrogate (22021); other control and format characters only deceive. */
function clean(text: string, length: number): string {
  return text
    .slice(0, length * 2)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, '')
    .slice(0, length)
    .toWellFormed()
    .trim();
}
