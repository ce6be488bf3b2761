import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Build } from './build.ts';
import { contributorOf, isOurs } from './contributors.ts';
import { type Piece, piecesOf, type SourceMapJson } from './source-map.ts';

/** What a build weighs, in KiB, and who brings it. */
export interface BundleReport {
  readonly minifiedKiB: number;
  readonly gzipKiB: number;
  /** By package, or by folder of ours, the largest first. */
  readonly contributors: readonly Weight[];
  /** The dependencies of package.json, and our own code as one, each with what nobody else brings. */
  readonly dependencies: readonly (Weight & { readonly brings: readonly string[] })[];
}

export interface Weight {
  readonly name: string;
  readonly minifiedKiB: number;
  /** By how much the bundle's gzip shrinks when this code is cut out of it. */
  readonly gzipKiB: number;
}

/** esbuild's account of a build. Imports from outside of the bundle are no inputs. */
export interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly { readonly path: string }[] }>>;
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string;
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
      }
    >
  >;
}

/** Gzip at its default level, in KiB of 1024 bytes. */
export function gzipKiB(code: string): number {
  return gzipSync(code).length / 1024;
}

/** Weighs a build with a source map; `packages` are the names of direct dependencies. */
export function weigh({ script, sourceMap, metafile }: Build, packages: readonly string[]): BundleReport {
  const code = readFileSync(script, 'utf8');
  const pieces = ownedPieces(code, JSON.parse(readFileSync(sourceMap, 'utf8')) as SourceMapJson);
  const weighPieces = scales(code, pieces);
  const names = [...new Set(pieces.map(({ owner }) => owner))];
  const graph = JSON.parse(readFileSync(metafile, 'utf8')) as Metafile;
  const dependencies = packages
    .filter((name) => names.includes(name))
    .map((name) => ({ name, brings: broughtBy(name, graph) }))
    .map(({ name, brings }) => ({ ...weighPieces(name, [name, ...brings]), brings }));
  const own = { ...weighPieces('our own', names.filter(isOurs)), brings: [] };
  return {
    minifiedKiB: Buffer.byteLength(code) / 1024,
    gzipKiB: gzipKiB(code),
    contributors: heaviestFirst(names.map((name) => weighPieces(name, [name]))),
    dependencies: heaviestFirst([own, ...dependencies]),
  };
}

type OwnedPiece = Piece & { readonly owner: string };

/** What esbuild gathers at the end of a bundle, and its map says nothing of. */
const LICENCES = '/*! Bundled license information';

function ownedPieces(code: string, map: SourceMapJson): OwnedPiece[] {
  const end = code.includes(LICENCES) ? code.indexOf(LICENCES) : code.length;
  const pieces = piecesOf(code.slice(0, end), map);
  return [
    ...pieces.map((piece) => ({ ...piece, owner: contributorOf(piece.source ?? '') })),
    { source: null, code: code.slice(end), owner: 'licence texts' },
  ];
}

/** Cutting out, rather than compressing a part by itself: what a package shares with the rest does not count twice. */
function scales(code: string, pieces: readonly OwnedPiece[]) {
  const whole = gzipKiB(code);
  return (name: string, owners: readonly string[]): Weight => {
    const join = (isWanted: boolean) =>
      pieces.flatMap((piece) => (owners.includes(piece.owner) === isWanted ? [piece.code] : [])).join('');
    return { name, minifiedKiB: Buffer.byteLength(join(true)) / 1024, gzipKiB: whole - gzipKiB(join(false)) };
  };
}

function heaviestFirst<T extends Weight>(weights: readonly T[]): T[] {
  return weights.toSorted((a, b) => b.gzipKiB - a.gzipKiB);
}

/** The packages of which nothing would be in the bundle if one package were not imported. */
export function broughtBy(name: string, { inputs, outputs }: Metafile): string[] {
  const written = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const pending = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const reached = new Set(pending);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const { path: next } of inputs[path]?.imports ?? []) {
      if (reached.has(next) || contributorOf(next) === name) continue;
      reached.add(next);
      pending.push(next);
    }
  }
  const without = new Set([...reached].map(contributorOf));
  return [...new Set(written.map(contributorOf))].filter((owner) => owner !== name && !without.has(owner)).toSorted();
}
