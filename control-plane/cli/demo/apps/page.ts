import type { Reply } from './call.ts';

export interface PageContent {
  readonly book: { readonly title: string; readonly descriptionHtml: string };
  /** Empty when nobody is signed in. */
  readonly user: string;
  readonly details: Reply;
  readonly reviews: Reply;
}

export function renderPage(content: PageContent): string {
  const { book, user, details, reviews } = content;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${book.title} - Bookinfo</title>
<link rel="stylesheet" href="/static/bookinfo.css">
</head>
<body>
<header><b>Bookinfo</b> <span>served through the Lateen mesh</span> ${renderSession(user)}</header>
<main>
<h1>${book.title}</h1>
<p>${book.descriptionHtml}</p>
<div class="columns">
<section><h2>Book details</h2>${renderDetails(details)}</section>
<section><h2>Book reviews</h2>${renderReviews(reviews)}</section>
</div>
</main>
<footer>${renderCall('details', details)} ${renderCall('reviews', reviews)}</footer>
</body>
</html>
`;
}

function renderSession(user: string): string {
  if (user !== '') return `<form><i>${escapeHtml(user)}</i> <a href="/logout">sign out</a></form>`;
  return `<form method="post" action="/login"><input name="username" placeholder="any name, try jason"
 required pattern="[\\w.@\\-]{1,64}"> <button>sign in</button></form>`;
}

function renderDetails(reply: Reply): string {
  if (reply.status !== 200) return renderError('product details', reply);
  const rows = Object.entries(toObject(reply.value))
    .filter(([name]) => name !== 'id')
    .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd>`);
  return `<dl>${rows.join('')}</dl>`;
}

function renderReviews(reply: Reply): string {
  if (reply.status !== 200) return renderError('product reviews', reply);
  const { version, reviews } = toObject(reply.value);
  const items = Array.isArray(reviews)
    ? reviews.map((review) => renderReview(toObject(review)))
    : [];
  return `${items.join('')}<p class="version">reviews ${escapeHtml(String(version))}</p>`;
}

function renderReview(review: Record<string, unknown>): string {
  const { text, reviewer, rating } = review;
  const words = `<p>${escapeHtml(String(text))}</p><cite>${escapeHtml(String(reviewer))}</cite>`;
  return `<blockquote>${words}${renderRating(rating)}</blockquote>`;
}

function renderRating(rating: unknown): string {
  if (rating === undefined) return '';
  const { stars, color, error } = toObject(rating);
  if (typeof stars !== 'number') return `<p class="error">${escapeHtml(String(error))}</p>`;
  const tint = color === 'red' ? 'red' : 'black';
  const filled = Math.max(0, Math.min(5, Math.trunc(stars)));
  const glyphs = '\u2605'.repeat(filled) + '\u2606'.repeat(5 - filled);
  return `<p class="stars ${tint}" title="${filled} of 5">${glyphs}</p>`;
}

function renderError(what: string, { status, error }: Reply): string {
  const reason = [status === 0 ? '' : status, error].filter((part) => part !== '').join(' ');
  return `<p class="error">Sorry, ${what} are currently unavailable (${escapeHtml(reason)}).</p>`;
}

function renderCall(name: string, { status, milliseconds }: Reply): string {
  return `<span class="${status === 200 ? 'ok' : 'error'}">${name} ${status} in ${milliseconds} ms</span>`;
}

function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** What other services say is shown as text, never as markup. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
header, footer { display: flex; gap: 1rem; align-items: center; padding: .6rem 1.5rem; background: #123; color: #eee; }
header span { opacity: .7; flex: 1; }
header a { color: inherit; }
footer { position: fixed; bottom: 0; left: 0; right: 0; font-size: .85rem; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem 1.5rem 4rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 2rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem 1rem; }
dt { opacity: .7; }
dd { margin: 0; }
blockquote { margin: 0 0 1.2rem; padding-left: 1rem; border-left: 3px solid #7ab; }
blockquote p { margin: 0; }
.stars { font-size: 1.4rem; letter-spacing: .1rem; }
.stars.red { color: #d22; }
.version { font-size: .85rem; opacity: .7; }
.error { color: #d33; }
.ok { color: #6c9; }
`;
