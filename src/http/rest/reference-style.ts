/** The reference's style sheet. Inline, allowed by its hash: one request, no other host, nothing to cache wrongly. */
export const referenceStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --line: #d8dee4; --paper: #ffffff; --tint: #f6f8fa; --link: #0b57d0;
  --get: #0a5c36; --post: #0b4aa2; --patch: #7a4b00; --put: #7a4b00; --delete: #a3161f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9aa4af; --line: #30363d; --paper: #0d1117; --tint: #161b22; --link: #79b8ff;
  --get: #56d39b; --post: #79b8ff; --patch: #e3b341; --put: #e3b341; --delete: #ff8c87; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; z-index: 1; }
.frame { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem 5rem; }
header { padding: 2.5rem 0 1rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 .25rem; padding-top: 1.5rem; border-top: 1px solid var(--line); text-transform: capitalize; }
h3 { font-size: 1.1rem; margin: 0; }
h4 { font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--dim); margin: 1.5rem 0 .4rem; }
p { margin: .5rem 0; max-width: 44rem; }
.dim { color: var(--dim); }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--tint); border-radius: 4px; padding: .1em .3em; overflow-wrap: anywhere; }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; overflow-x: auto; margin: .4rem 0; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav strong { text-transform: capitalize; }
nav li a { display: block; padding: .15rem 0; font-size: .92rem; }
article { margin: 2rem 0; padding-bottom: .5rem; }
.route { display: flex; flex-wrap: wrap; gap: .6rem; align-items: baseline; margin: .35rem 0; }
.route code { font-size: .95rem; background: none; padding: 0; }
.method { font: 700 .78rem/1 ui-monospace, monospace; letter-spacing: .03em; border: 1px solid currentColor; border-radius: 4px; padding: .25rem .4rem; }
.get { color: var(--get); } .post { color: var(--post); } .patch { color: var(--patch); } .put { color: var(--put); } .delete { color: var(--delete); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; font-weight: 600; color: var(--dim); width: 15rem; }
th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody th { font-weight: 400; color: inherit; white-space: nowrap; }
summary { cursor: pointer; padding: .25rem 0; }
td:nth-child(2):not(:last-child) { width: 15rem; }
@media (min-width: 62rem) {
  .columns { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 3rem; }
  nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 1.5rem 0; }
  main section:first-child h2 { margin-top: 0; padding-top: 1.25rem; border-top: 0; }
}
@media print { nav, .skip { display: none; } article { break-inside: avoid; } }
`;
