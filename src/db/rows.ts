/** One column of the first row of a raw statement. */
export function firstValue<T>(result: { readonly rows: readonly Record<string, unknown>[] }, column: string): T {
  return result.rows[0]?.[column] as T;
}
