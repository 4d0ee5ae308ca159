import { readSettings, serve } from './service.ts';

type Ratings = Readonly<Record<string, number>>;

const STARS: Ratings = { Reviewer1: 5, Reviewer2: 4 };
const BOOKS_MAX = 1_000;
const changed = new Map<string, Ratings>();

/** Stars by reviewer: `GET /ratings/{id}`, and `POST` to set them until the service ends. */
serve('ratings', readSettings(), async ({ method, url, body }) => {
  const id = /^\/ratings\/(\d{1,9})$/.exec(url.pathname)?.[1];
  if (id === undefined) return undefined;
  if (method === 'GET') {
    return { status: 200, body: { id: Number(id), ratings: changed.get(id) ?? STARS } };
  }
  if (method !== 'POST') return { status: 405, body: { error: 'GET or POST' } };
  const ratings = parseRatings(await body());
  if (ratings === undefined) {
    return { status: 400, body: { error: 'want a JSON object of reviewer to stars, 0 to 5' } };
  }
  if (changed.size >= BOOKS_MAX) changed.clear();
  changed.set(id, ratings);
  return { status: 200, body: { id: Number(id), ratings } };
});

function parseRatings(text: string): Ratings | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const stars = Object.entries(value);
  const good = stars.every(([, n]) => Number.isInteger(n) && n >= 0 && n <= 5);
  return good ? Object.fromEntries(stars) : undefined;
}
