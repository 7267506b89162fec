// A real OpenID provider for the tests, on a port that the system picks or that is named. It signs in whoever comes, under
// the name they type. A file named by SPOIL says how it lies in its next ID tokens; what it signs with is made anew at
// each start, so starting it again on the same port is a rotation of its keys.
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { PACKAGES, PORT = '0', SPOIL } = process.env;
const require = createRequire(`${PACKAGES}/`);
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { default: Provider } = await load('oidc-provider');
const { SignJWT, decodeJwt, decodeProtectedHeader } = await load('jose');

const GROUPS = { ada: ['platform', 'everyone'], lin: ['leads', 'everyone'], ann: ['engineering'], eve: ['visitors'] };
const pair = (kid) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { privateKey, publicKey, jwk: { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } };
};
const own = pair(`key-${process.pid}`);
const stranger = pair(`key-${process.pid}`);

const server = createServer((request, response) => answer(request, response));
let answer;
server.listen(Number(PORT), '127.0.0.1', async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  // A native application may come back to any port of this machine, and the server under test has one that was picked.
  const client = {
    application_type: 'native',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: ['default', 'public'].map((tenant) => `http://127.0.0.1/sign-in/oidc/${tenant}/callback`),
  };
  const provider = new Provider(issuer, {
    jwks: { keys: [own.jwk] },
    cookies: { keys: ['test'] },
    clients: [
      { ...client, client_id: 'tallyward', client_secret: 'a test secret' },
      { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
    ],
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email', 'email_verified'] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, preferred_username: sub, groups: GROUPS[sub] ?? [], email: `${sub}@example.org`, email_verified: true }),
    }),
  });
  provider.use(async (context, next) => {
    await next();
    const how = SPOIL ? readFileSync(SPOIL, 'utf8').trim() : '';
    if (how && context.oidc?.route === 'token' && context.body?.id_token) {
      context.body = { ...context.body, id_token: await spoiled(context.body.id_token, how) };
    }
    if (how === 'other userinfo' && context.oidc?.route === 'userinfo') context.body = { ...context.body, sub: 'ada' };
  });
  answer = provider.callback();
  console.log(issuer);
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function spoiled(token, how) {
  const claims = decodeJwt(token);
  const now = Math.floor(Date.now() / 1000);
  const header = decodeProtectedHeader(token);
  const sign = (changed, key = own.privateKey) => new SignJWT({ ...claims, ...changed }).setProtectedHeader(header).sign(key);
  switch (how) {
    case 'bad signature': return sign({}, stranger.privateKey);
    case 'changed claims': return `${token.split('.')[0]}.${part({ ...claims, sub: 'ada' })}.${token.split('.')[2]}`;
    case 'unknown key': return new SignJWT(claims).setProtectedHeader({ ...header, kid: 'nobody' }).sign(stranger.privateKey);
    case 'no signature': return `${part({ alg: 'none' })}.${part(claims)}.`;
    case 'shared secret': {
      const text = `${part({ alg: 'HS256', kid: header.kid })}.${part(claims)}`;
      return `${text}.${createHmac('sha256', own.publicKey.export({ type: 'spki', format: 'pem' })).update(text).digest('base64url')}`;
    }
    case 'wrong audience': return sign({ aud: 'somebody-else' });
    case 'for another at our request': return sign({ aud: 'somebody-else', azp: claims.aud });
    case 'one audience of many': return sign({ aud: ['somebody-else', claims.aud], azp: 'somebody-else' });
    case 'wrong issuer': return sign({ iss: 'https://elsewhere.example' });
    case 'wrong nonce': return sign({ nonce: 'of another sign-in' });
    case 'no nonce': return sign({ nonce: undefined });
    case 'expired': return sign({ iat: now - 7200, exp: now - 3600 });
    case 'of the future': return sign({ iat: now + 900, exp: now + 4500 });
    case 'a little late': return sign({ iat: now - 3600, exp: now - 20 });
    case 'no expiry': return sign({ exp: undefined });
    case 'not a token': return 'not.a.token';
    default: return token;
  }
}
