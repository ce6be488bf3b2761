/** The text of a page, read when the tests are built: workerd has no files. */
declare module '*.md?raw' {
  const text: string;
  export default text;
}
