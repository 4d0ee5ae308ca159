import { callService, forwardedHeaders } from './call.ts';
import { readSettings, serve } from './service.ts';

/** What a review shows besides its text; `error` where the ratings could not be had. */
type Rating = { readonly stars: number; readonly color: string } | { readonly error: string };

const TEXTS: readonly (readonly [reviewer: string, text: string])[] = [
  ['Reviewer1', 'Two pairs of twins, one town, and not a dull minute. I laughed on every page.'],
  ['Reviewer2', 'Short, quick and light. Compared with the later plays it is thin, but good fun.'],
];

const settings = readSettings();
/** v1 asks nobody for stars; v2 shows them in black, v3 in red. */
const color = { v1: undefined, v2: 'black', v3: 'red' }[settings.version];

/** Reviews of a book: `GET /reviews/{id}`. */
serve('reviews', settings, async ({ request, method, url }) => {
  const id = /^\/reviews\/(\d{1,9})$/.exec(url.pathname)?.[1];
  if (id === undefined || method !== 'GET') return undefined;
  const rate =
    color === undefined ? undefined : await fetchRatings(id, color, forwardedHeaders(request));
  const reviews = TEXTS.map(([reviewer, text]) => {
    return { reviewer, text, ...(rate === undefined ? {} : { rating: rate(reviewer) }) };
  });
  return { status: 200, body: { id: Number(id), version: settings.version, reviews } };
});

async function fetchRatings(
  id: string,
  color: string,
  headers: Record<string, string>,
): Promise<(reviewer: string) => Rating> {
  const { status, value } = await callService(`http://ratings:9080/ratings/${id}`, headers);
  const stars = status === 200 ? readStars(value) : undefined;
  return (reviewer) => {
    const count = stars?.get(reviewer);
    return count === undefined
      ? { error: 'Ratings service is currently unavailable' }
      : { stars: count, color };
  };
}

function readStars(value: unknown): Map<string, number> {
  const ratings =
    typeof value === 'object' && value !== null && 'ratings' in value ? value.ratings : {};
  const entries = Object.entries(ratings ?? {});
  return new Map(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
