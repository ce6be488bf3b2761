/** What the parts of /integrations share. */
import type { ServiceView } from '../../domain/integrations/views.ts';

/** The service's first letter on its colour: the catalogue names both, and no other host is asked for a picture. */
export function ServiceMark({ service }: { readonly service: ServiceView }) {
  const color = colorOf(service);
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill={color} />
      <text x="16" y="22" text-anchor="middle" font-size="17" font-weight="650" fill={inkOn(color)}>
        {initialOf(service.name)}
      </text>
    </svg>
  );
}

/** A colour is data that an operator wrote: what is none becomes grey. */
function colorOf({ metadata }: ServiceView): string {
  const { color } = metadata;
  return typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color) ? color : '#52525b';
}

/** White or nearly black, whichever stands out more. By the relative luminance of WCAG 2.2. */
function inkOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => linear(Number.parseInt(color.slice(at, at + 2), 16)));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.179 ? '#18181b' : '#ffffff';
}

function linear(channel: number): number {
  const value = channel / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });

function initialOf(name: string): string {
  const [first] = letters.segment(name);
  return (first?.segment ?? '').toUpperCase();
}
