import { callService, forwardedHeaders, type Reply } from './call.ts';
import { renderPage, STYLE } from './page.ts';
import { type Answer, type Call, readSettings, serve } from './service.ts';
import { SIGN_OUT, signIn, userOf } from './session.ts';

const BOOK = {
  id: 0,
  title: 'The Comedy of Errors',
  descriptionHtml:
    'Two masters and two servants, each the twin of another, spend a day in Ephesus being taken for ' +
    'each other. Shakespeare&rsquo;s shortest play.',
};

/** The page that people see, and its JSON twin under `/api/v1/products`. */
serve('productpage', readSettings(), async (call) => {
  const { method, url } = call;
  if (url.pathname === '/login' && method === 'POST') return await login(call);
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  switch (url.pathname) {
    case '/':
      return redirect('/productpage');
    case '/productpage':
      return await page(call);
    case '/login':
    case '/logout':
      return redirect('/productpage', url.pathname === '/logout' ? SIGN_OUT : undefined);
    case '/static/bookinfo.css':
      return {
        status: 200,
        body: STYLE,
        headers: { 'content-type': 'text/css', 'cache-control': 'max-age=60' },
      };
    default:
      return await product(call);
  }
});

async function login({ body }: Call): Promise<Answer> {
  const cookie = signIn(new URLSearchParams(await body()).get('username') ?? '');
  if (cookie === undefined)
    return { status: 400, body: { error: 'a name of letters, digits, . _ @ -' } };
  return redirect('/productpage', cookie);
}

function redirect(location: string, cookie?: string): Answer {
  const headers = cookie === undefined ? { location } : { location, 'set-cookie': cookie };
  return { status: 302, body: '', headers };
}

async function page(call: Call): Promise<Answer> {
  const [details, reviews] = await Promise.all([ask(call, 'details'), ask(call, 'reviews')]);
  const user = userOf(call.request);
  return { status: 200, body: renderPage({ book: BOOK, user, details, reviews }) };
}

/** `/api/v1/products`, `/api/v1/products/0` and its `/reviews` and `/ratings`. */
async function product(call: Call): Promise<Answer | undefined> {
  const match = /^\/api\/v1\/products(?:\/(\d{1,9})(?:\/(reviews|ratings))?)?$/.exec(
    call.url.pathname,
  );
  if (match === null) return undefined;
  const [, id, part] = match;
  if (id === undefined) return { status: 200, body: [BOOK] };
  if (Number(id) !== BOOK.id) return { status: 404, body: { error: `no product ${id}` } };
  return toAnswer(await ask(call, (part as 'reviews' | 'ratings' | undefined) ?? 'details'));
}

function toAnswer(reply: Reply): Answer {
  if (reply.status === 200) return { status: 200, body: reply.value ?? {} };
  return { status: reply.status === 0 ? 503 : reply.status, body: { error: reply.error } };
}

async function ask(call: Call, service: 'details' | 'reviews' | 'ratings'): Promise<Reply> {
  const headers = forwardedHeaders(call.request);
  const user = userOf(call.request);
  if (user !== '') headers['end-user'] = user;
  return await callService(`http://${service}:9080/${service}/${BOOK.id}`, headers);
}
