/** The one style sheet. Colours reach WCAG AA in both schemes: text 4.5:1, the edges of fields 3:1. */
export const styles = `
:root {
  color-scheme: light dark;
  --page: #f4f4f5;
  --card: #ffffff;
  --text: #18181b;
  --soft: #52525b;
  --line: #e4e4e7;
  --edge: #84848d;
  --accent: #1d4ed8;
  --accent-strong: #1e40af;
  --on-accent: #ffffff;
  --link: #1d4ed8;
  --accent-soft: #eff4ff;
  --danger: #b3192b;
  --danger-soft: #fdf0f0;
  --good: #14663a;
  --good-soft: #ecf8f0;
  --shadow: 0 1px 2px rgb(24 24 27 / 6%), 0 8px 24px rgb(24 24 27 / 5%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131316;
    --card: #1d1d21;
    --text: #f4f4f5;
    --soft: #b0b0b9;
    --line: #33333a;
    --edge: #7f7f8a;
    --accent: #2f5fe0;
    --accent-strong: #3f6ff0;
    --link: #9db8ff;
    --accent-soft: #1f2a4a;
    --danger: #ffa3a8;
    --danger-soft: #3a1d20;
    --good: #8fe0ae;
    --good-soft: #16301f;
    --shadow: none;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  background: var(--page);
  color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, h4, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
.points { padding-left: 1.25rem; list-style: disc; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.92em; }
h1 { font-size: 1.625rem; line-height: 1.25; letter-spacing: -0.015em; font-weight: 650; }
h2 { font-size: 1.125rem; line-height: 1.35; font-weight: 650; }
h3, h4 { font-size: 1rem; line-height: 1.4; font-weight: 600; }
a { color: var(--link); text-underline-offset: 0.18em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
[hidden] { display: none !important; }
.skip { position: absolute; left: -999rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; padding: 0.5rem 1rem; background: var(--card); border-radius: 8px; }
.soft { color: var(--soft); }
.small { font-size: 0.875rem; }
.stack > * + * { margin-top: 1rem; }
.row { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; }
.row.apart { justify-content: space-between; }
.row.end { align-items: flex-end; }
.ways { display: grid; gap: 0.75rem; }
.ways.scripted:has(> [hidden]) { display: none; }
.or { display: flex; gap: 0.75rem; align-items: center; color: var(--soft); font-size: 0.875rem; }
.or::before, .or::after { flex: 1; border-top: 1px solid var(--line); content: ''; }

.top { padding: 1.25rem 1rem 0; }
.top .inner { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: space-between; max-width: 58rem; margin: 0 auto; }
.top .parts { margin-top: 0.9rem; gap: 0.35rem 1.1rem; justify-content: flex-start; font-size: 0.875rem; }
.brand { display: inline-flex; gap: 0.6rem; align-items: center; color: var(--text); font-weight: 650; text-decoration: none; }
.brand svg { width: 1.75rem; height: 1.75rem; flex: none; }
main { width: 100%; padding: 1.5rem 1rem 3rem; margin: 0 auto; max-width: 60rem; }
main.narrow { max-width: 28rem; margin: auto; padding-bottom: 6rem; }
main.narrow > .brand { display: flex; justify-content: center; margin-bottom: 1.5rem; font-size: 1.125rem; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.5rem; box-shadow: var(--shadow); }
main.narrow .card { padding: 2rem 1.75rem; }
.card + .card { margin-top: 1.25rem; }
.head { margin-bottom: 1.5rem; }
.head > p { margin-top: 0.25rem; }
.crumbs { margin-bottom: 0.5rem; }
.crumbs a::after { display: inline-block; padding: 0 0.35rem; color: var(--soft); content: '›'; }
.facts { display: grid; grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr); gap: 0.4rem 1rem; font-size: 0.875rem; }
.facts dt { color: var(--soft); }
@media (max-width: 30rem) { .card, main.narrow .card { padding: 1.25rem; } }
@media (min-width: 56rem) {
  .columns { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 1.25rem; align-items: start; }
  .columns .card { margin-top: 0; }
  .columns > div { display: grid; gap: 1.25rem; }
}
@media (max-width: 55.99rem) { .columns > * + * { margin-top: 1.25rem; } }

label, legend { display: block; padding: 0; font-weight: 600; font-size: 0.9375rem; margin-bottom: 0.35rem; }
input, select, textarea {
  width: 100%;
  padding: 0.65rem 0.8rem;
  color: inherit;
  background: var(--card);
  border: 1px solid var(--edge);
  border-radius: 8px;
  font: inherit;
}
fieldset { min-width: 0; margin: 0; padding: 0; border: 0; }
.tick { display: flex; gap: 0.6rem; align-items: baseline; margin: 0; padding: 0.25rem 0; font-weight: 400; }
.tick input { flex: none; width: 1.05rem; height: 1.05rem; margin: 0; accent-color: var(--accent); transform: translateY(0.15rem); }
.tick code { color: var(--soft); }
.secret { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
textarea { min-height: 5.5rem; resize: vertical; }
select { appearance: auto; }
input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 0; border-radius: 8px; }
[aria-invalid='true'] { border-color: var(--danger); border-width: 2px; }
.hint { margin-top: 0.3rem; font-size: 0.875rem; color: var(--soft); }
.problem { margin-top: 0.3rem; font-size: 0.875rem; font-weight: 600; color: var(--danger); }
.code { padding: 0.7rem; font: 600 1.75rem/1.2 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; letter-spacing: 0.3em; text-align: center; }

button {
  display: inline-flex;
  min-height: 2.75rem;
  align-items: center;
  justify-content: center;
  padding: 0.55rem 1.1rem;
  color: var(--on-accent);
  background: var(--accent);
  border: 1px solid transparent;
  border-radius: 8px;
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button:hover { background: var(--accent-strong); }
button:focus-visible { border-radius: 8px; }
button[aria-disabled='true'] { opacity: 0.7; cursor: progress; }
button.wide { width: 100%; }
button.quiet { color: var(--text); background: transparent; border-color: var(--edge); }
button.quiet:hover { background: var(--page); }
button.danger { color: var(--danger); background: transparent; border-color: currentcolor; }
button.danger:hover { background: var(--danger-soft); }
button.less { min-height: 2.25rem; padding: 0.3rem 0.8rem; font-size: 0.875rem; }

.banner { padding: 0.75rem 1rem; border-radius: 10px; border: 1px solid; }
.banner.good { color: var(--good); background: var(--good-soft); }
.banner.bad { color: var(--danger); background: var(--danger-soft); }
.banner.note { color: var(--text); background: var(--accent-soft); border-color: transparent; }
main > .banner { margin-bottom: 1.25rem; }

.list > li { padding: 0.9rem 0; border-top: 1px solid var(--line); }
.list > li:first-child { border-top: 0; padding-top: 0.25rem; }
.list > li:last-child { padding-bottom: 0; }
.service { display: flex; gap: 0.6rem; align-items: center; }
.group + .group { margin-top: 1.75rem; }
.group .list { margin-top: 0.75rem; }
.mark { width: 1.75rem; height: 1.75rem; flex: none; }
.row .body { flex: 1 1 12rem; min-width: 0; }
summary { width: fit-content; padding: 0.35rem 0; color: var(--link); font-size: 0.875rem; font-weight: 600; cursor: pointer; }
summary:hover { text-decoration: underline; text-underline-offset: 0.18em; }
details form, li > form { margin: 0.5rem 0 0.75rem; }
li > form:last-child { margin-bottom: 0; }
li.row > form, li > form:only-child { margin: 0; }
.badge { display: inline-block; padding: 0.05rem 0.55rem; border-radius: 999px; font-size: 0.8125rem; font-weight: 600; color: var(--good); background: var(--good-soft); }
.badge.plain { color: var(--soft); background: var(--page); }
.badge.bad { color: var(--danger); background: var(--danger-soft); }
pre.mail { margin-bottom: 0; padding: 1rem; white-space: pre-wrap; background: var(--page); border-radius: 8px; font: 0.875rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }

html[data-link] .ask, html:not([data-link]) .confirm { display: none; }
.finished:focus-visible { outline: 0; }
html:not([data-link='other']) .elsewhere, html:not([data-link='done']) .finished { display: none; }
html[data-link='other'] .here, html[data-link='done'] .here { display: none; }
@media (prefers-reduced-motion: no-preference) { button, a, input { transition: background-color 0.12s, border-color 0.12s; } }
@media (forced-colors: active) { button, .badge, .card { border: 1px solid; } }
`;
