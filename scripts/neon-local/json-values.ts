/**
 * PostgreSQL text as JSON text, for requests without `Neon-Raw-Text-Output: true`, with the
 * conversions of Neon's proxy: booleans, int2, int4, floats, json and arrays of built-in types become
 * JSON values, everything else stays a string.
 */

type Convert = (text: string) => string;

const asString: Convert = (text) => JSON.stringify(text);
const asIs: Convert = (text) => text;
const asBoolean: Convert = (text) => (text === 't' ? 'true' : 'false');
// NaN and the infinities have no JSON form, so they stay strings.
const asFloat: Convert = (text) => (Number.isFinite(Number(text)) ? text : JSON.stringify(text));

const scalars = new Map<number, Convert>([
  [16, asBoolean],
  [21, asIs],
  [23, asIs],
  [700, asFloat],
  [701, asFloat],
  [114, asIs],
  [3802, asIs],
]);

/** Built-in array types whose elements are not strings in JSON; oid of the array → oid of the element. */
const arrays = new Map<number, number>([
  [1000, 16],
  [1005, 21],
  [1007, 23],
  [1021, 700],
  [1022, 701],
  [199, 114],
  [3807, 3802],
]);

/** Built-in array types whose elements stay strings: text, varchar, uuid, timestamps and the like. */
const stringArrays = new Set([
  1001, 1002, 1003, 1006, 1009, 1010, 1011, 1012, 1014, 1015, 1016, 1017, 1018, 1019, 1027, 1028, 1040, 1041, 1115,
  1182, 1183, 1185, 1187, 1231, 1270, 1561, 1563, 2951, 3905, 3907, 3909, 3911, 3913, 3927,
]);

/** How values of the type with this oid are written into JSON. */
export function jsonConversion(oid: number): Convert {
  const elementOid = arrays.get(oid);
  if (elementOid !== undefined) return arrayOf(scalars.get(elementOid) ?? asString);
  if (stringArrays.has(oid)) return arrayOf(asString);
  return scalars.get(oid) ?? asString;
}

/** One element: quoted (with escapes), or bare up to a delimiter; or a brace or comma. */
const token = /"((?:[^"\\]|\\.)*)"|([{},])|([^{},"]+)/gsy;

function arrayOf(convert: Convert): Convert {
  return (text) => {
    // Bounds such as [0:2]= have no place in JSON.
    const body = text.startsWith('[') ? text.slice(text.indexOf('=') + 1) : text;
    let json = '';
    for (const [, quoted, punctuation, bare] of body.matchAll(token)) {
      if (punctuation === '{') json += '[';
      else if (punctuation === '}') json += ']';
      else if (punctuation === ',') json += ',';
      else if (quoted !== undefined) json += convert(quoted.replaceAll(/\\(.)/gs, '$1'));
      else json += bare === 'NULL' ? 'null' : convert(bare ?? '');
    }
    return json;
  };
}
