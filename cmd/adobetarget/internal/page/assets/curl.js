// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Characters that a terminal acts on, or that hide what a line says.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

// quote makes one word of a shell of any text: bash, zsh and ksh take the form with escapes.
export function quote(word) {
  if (/^[A-Za-z0-9_.:/@%+,-][A-Za-z0-9_.:/=@%+,-]*$/.test(word)) return word; // zsh looks up what = begins
  if (!unsafe.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  let quoted = '';
  for (const character of word) {
    if (character === "'" || character === '\\') quoted += `\\${character}`;
    else if (!unsafe.test(character)) quoted += character;
    else for (const byte of new TextEncoder().encode(character)) quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `$'${quoted}'`;
}

// curl is the command that makes a call again, with a placeholder where it had a token. There is none for a call that was
// not kept as a whole.
export function curl(call, origin) {
  const url = origin + call.path + (call.query ? `?${call.query}` : '');
  const body = call.body ?? '';
  if (call.cut || (url + body).includes('\0')) return undefined;
  const words = ['curl'];
  const implied = body ? 'POST' : 'GET';
  if (call.method === 'HEAD') words.push('--head');
  else if (call.method !== implied) words.push('-X', quote(call.method));
  if (/[[\]{}]/.test(url)) words.push('--globoff');
  if (url.includes('/.')) words.push('--path-as-is');
  if (body || call.content_type) words.push('-H', quote(call.content_type ? `Content-Type: ${call.content_type}` : 'Content-Type:'));
  if (call.authorized) words.push('-H', quote('Authorization: Bearer …'));
  if (body) words.push('--data-raw', quote(body));
  words.push(quote(url));
  return words.join(' ');
}

// firstCall is one to begin with.
export function firstCall(origin, authorized) {
  return curl({
    method: 'POST', path: '/m2/demo/profile/update', content_type: 'application/x-www-form-urlencoded',
    body: 'mbox3rdPartyId=crm-1&profile.tier=gold', authorized,
  }, origin).replace(" -H 'Content-Type: application/x-www-form-urlencoded'", '');
}
