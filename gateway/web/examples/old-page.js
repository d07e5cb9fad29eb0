import { createClient } from './imgfleet.js';

const $ = (id) => document.getElementById(id);
const imgfleet = createClient({ baseUrl: document.body.dataset.gateway });
let stop;

const how = () => ({
  consent: $('agree').checked || undefined,
  signal: (stop = new AbortController()).signal,
  onProgress: ({ value, message }) => (($('bar').value = value), ($('say').textContent = message)),
});

async function show(making) {
  const picture = await making.catch((e) => void ($('say').textContent = e.detail ?? ''));
  if (picture) $('picture').src = picture.imageUrl;
}

$('generate').onclick = () =>
  show(imgfleet.generate($('photo').files[0], { style: 'ink-wash', place: 'west-lake' }, how()));
$('stop').onclick = () => stop.abort();
show(imgfleet.resume(how())); // a picture that was in the making when the page was left
