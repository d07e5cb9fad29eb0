'use strict';

// The page speaks only the public interface (see /openapi.json): a session
// token in localStorage, a presigned PUT, one task at a time, and its events.

const words = {
  'zh-CN': {
    brand: '画境', title: '一张照片，另一个世界', lead: '选一张照片，挑一种画风和一个地方，剩下的交给我们。',
    photo: '照片', choose: '选择照片或拍一张', formats: 'JPEG、HEIC、PNG 或 WebP，不超过 64 MB', another: '换一张', style: '画风', place: '地方',
    consent1: '我同意为生成图片而处理这张照片，并已阅读', privacy: '隐私说明', terms: '使用条款', mine: '我的画',
    honest: '图片由 AI 生成，一天后自动删除。', forget: '删除我的全部数据', go: '开始作画', regenerate: '再来一张', save: '保存图片',
    compare: '按住看原图', cancel: '取消', delete: '删除', back: '返回',
    uploading: '正在上传照片', checking: '正在检查照片', sending: '正在提交', offline: '网络不通，请检查后重试。',
    left: n => `今天还可以画 ${n} 张`, queue: (p, s) => `前面还有 ${p - 1} 位，大约 ${s}`, seconds: n => n < 90 ? `${Math.max(1, Math.round(n))} 秒` : `${Math.round(n / 60)} 分钟`,
    sure: '确定要删除您的全部照片和图片吗？此操作不能撤销。', forgotten: '已全部删除。', deleted: '已删除。', degraded: '示意画法', ai: 'AI 生成',
    notPhoto: '请选择 JPEG、HEIC、PNG 或 WebP 格式的照片。', waiting: '排队中', cached: '之前画过，直接给您', event: '活动页面',
  },
  en: {
    brand: 'imgfleet', title: 'Turn one photo into another world', lead: 'Choose a photo, a style and a place. We do the rest.',
    photo: 'Photo', choose: 'Choose or take a photo', formats: 'JPEG, HEIC, PNG or WebP, up to 64 MB', another: 'Change', style: 'Style', place: 'Place',
    consent1: 'I agree that this photo is processed to make the picture, and have read the', privacy: 'privacy notice', terms: 'Terms', mine: 'My pictures',
    honest: 'Pictures are made by AI and deleted after a day.', forget: 'Delete all my data', go: 'Paint it', regenerate: 'Another one', save: 'Save picture',
    compare: 'Hold to compare', cancel: 'Cancel', delete: 'Delete', back: 'Back',
    uploading: 'Uploading your photo', checking: 'Checking your photo', sending: 'Sending', offline: 'No connection. Please check and try again.',
    left: n => `${n} left today`, queue: (p, s) => `${p - 1} ahead of you, about ${s}`, seconds: n => n < 90 ? `${Math.max(1, Math.round(n))} s` : `${Math.round(n / 60)} min`,
    sure: 'Delete all your photos and pictures? This cannot be undone.', forgotten: 'Everything is deleted.', deleted: 'Deleted.', degraded: 'Stand-in', ai: 'Made by AI',
    notPhoto: 'Please choose a JPEG, HEIC, PNG or WebP photo.', waiting: 'Waiting', cached: 'You had this one before', event: 'To the event',
  },
};

const $ = id => document.getElementById(id);
const store = {
  get: key => { try { return localStorage.getItem('imgfleet.' + key); } catch { return null; } },
  set: (key, value) => { try { value === null ? localStorage.removeItem('imgfleet.' + key) : localStorage.setItem('imgfleet.' + key, value); } catch { /* private mode */ } },
};
let lang = store.get('lang') || (document.documentElement.lang === 'en' ? 'en' : 'zh-CN');
const t = key => words[lang][key];
let campaign = new URLSearchParams(location.search).get('c'); // that the page was opened for

let catalog = null, photo = null, photoURL = '', uploadId = null, chosen = { style: store.get('style'), place: store.get('place') };
let current = null, events = null, attempt = null;

// --- talking to the server -------------------------------------------------

class Refused extends Error {
  constructor(problem, status) { super(problem.detail || t('offline')); this.code = problem.code; this.status = status; }
}

let renewal = null;
function session() {
  renewal ??= (async () => {
    try {
      const headers = { 'Content-Type': 'application/json', 'Accept-Language': lang };
      const old = store.get('token');
      if (old) headers.Authorization = 'Bearer ' + old;
      let answer = await fetch('/sessions', { method: 'POST', headers, body: '{}' });
      if (answer.status === 401 && old) {
        store.set('token', null);
        delete headers.Authorization;
        answer = await fetch('/sessions', { method: 'POST', headers, body: '{}' });
      }
      const body = await answer.json();
      if (!answer.ok) throw new Refused(body, answer.status);
      store.set('token', body.token);
      showQuota(body.quota);
      return body.token;
    } finally { renewal = null; }
  })();
  return renewal;
}

async function api(method, path, body, headers = {}) {
  for (let again = 0; ; again++) {
    const token = store.get('token') || await session();
    let answer;
    try {
      answer = await fetch(path, {
        method, body: body === undefined ? undefined : JSON.stringify(body),
        headers: { Authorization: 'Bearer ' + token, 'Accept-Language': lang, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      });
    } catch {
      if (again < 2 && (method === 'GET' || headers['Idempotency-Key'])) { await pause(800 * (again + 1)); continue; }
      throw new Refused({ detail: t('offline') }, 0);
    }
    if (answer.status === 401 && again === 0) { await session(); continue; }
    if (answer.status === 503 && again < 2 && (method === 'GET' || headers['Idempotency-Key'])) { await pause(1500); continue; }
    const text = await answer.text();
    const doc = text ? JSON.parse(text) : {};
    if (!answer.ok) throw new Refused(doc, answer.status);
    return doc;
  }
}

const pause = ms => new Promise(done => setTimeout(done, ms));

function put(url, file, headers, onProgress) {
  return new Promise((done, fail) => {
    const x = new XMLHttpRequest();
    x.open('PUT', url);
    for (const [name, value] of Object.entries(headers || {})) x.setRequestHeader(name, value);
    x.upload.onprogress = e => e.lengthComputable && onProgress(e.loaded / e.total);
    x.onload = () => {
      if (x.status < 300) return done();
      let problem = {};
      try { problem = JSON.parse(x.responseText); } catch { /* not ours */ }
      fail(new Refused(problem, x.status));
    };
    x.onerror = x.ontimeout = () => fail(new Refused({ detail: t('offline') }, 0));
    x.send(file);
  });
}

async function sha256(file) {
  if (!globalThis.crypto?.subtle || file.size > 32 << 20) return undefined;
  const sum = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(sum)].map(b => b.toString(16).padStart(2, '0')).join('');
}

function randomKey() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  return [...b].map(x => x.toString(16).padStart(2, '0')).join('');
}

// --- making a picture ------------------------------------------------------

async function make() {
  $('go').disabled = true;
  try {
    show('work');
    busy(0, t('uploading'));
    $('picture').src = photoURL;
    if (!uploadId) await sendPhoto();
    busy(0, t('sending'));
    attempt ??= randomKey();
    const doc = await api('POST', '/tasks', { uploadId, style: chosen.style, place: chosen.place, ...(campaign && { campaign }) }, { 'Idempotency-Key': attempt });
    attempt = null;
    follow(doc);
  } catch (e) {
    if (e.status !== 0) attempt = null;
    if (['upload_not_found', 'upload_expired', 'upload_not_ready'].includes(e.code)) uploadId = null;
    if (['campaign_over', 'campaign_unknown'].includes(e.code)) campaign = null; // the next one is everybody's
    show('make');
    toast(e.message);
  } finally { ready(); }
}

async function sendPhoto() {
  const upload = await api('POST', '/uploads', {
    contentType: typeOf(photo), size: photo.size, sha256: await sha256(photo), consent: { policyVersion: catalog.privacy.policyVersion },
  });
  if (upload.uploadUrl) {
    await put(upload.uploadUrl, photo, upload.headers, part => busy(Math.round(part * 100), t('uploading')));
    busy(100, t('checking'));
    await api('POST', `/uploads/${upload.uploadId}/complete`);
  }
  uploadId = upload.uploadId;
}

// follow shows a task and keeps showing it until it ends.
function follow(doc) {
  stopListening();
  current = doc;
  store.set('task', doc.taskId);
  render(doc);
  if (ended(doc.state)) { settled(); return; }
  const url = doc.links.stream + (doc.links.stream.includes('?') ? '&' : '?') + 'lang=' + lang;
  const source = events = new EventSource(url);
  const on = (name, f) => source.addEventListener(name, e => { if (source === events) f(JSON.parse(e.data)); });
  on('snapshot', d => render(current = d));
  on('queued', d => render(current = { ...current, queue: d.position ? d : undefined }));
  on('progress', d => render(current = { ...current, ...d, state: 'running', queue: undefined }));
  on('degraded', () => render(current = { ...current, degraded: true }));
  on('succeeded', d => finish(d));
  for (const state of ['failed', 'canceled', 'expired']) on(state, d => finish({ ...current, ...d, state }));
  source.onerror = () => { if (source === events && source.readyState === EventSource.CLOSED) catchUp(); };
}

function finish(doc) {
  stopListening();
  render(current = doc);
  settled();
}

function settled() { listMine(); refreshQuota(); }

// catchUp asks for the document when the stream is no more.
async function catchUp() {
  stopListening();
  const id = current?.taskId;
  await pause(1500);
  if (!id || current?.taskId !== id) return;
  try { follow(await api('GET', '/tasks/' + id)); } catch (e) { if (e.status === 404) leave(); else catchUp(); }
}

function stopListening() { events?.close(); events = null; }
const ended = state => ['succeeded', 'failed', 'canceled', 'expired'].includes(state);

async function regenerate() {
  try {
    attempt ??= randomKey();
    busy(0, t('sending'));
    const doc = await api('POST', `/tasks/${current.taskId}/regenerate`, {}, { 'Idempotency-Key': attempt });
    attempt = null;
    follow(doc);
  } catch (e) {
    if (e.status !== 0) attempt = null;
    render(current);
    toast(e.message);
  }
}

async function cancel() {
  $('cancel').disabled = true;
  try { await api('POST', `/tasks/${current.taskId}/cancel`); } catch (e) { toast(e.message); } finally { $('cancel').disabled = false; }
}

async function remove() {
  try {
    await api('DELETE', '/tasks/' + current.taskId);
    toast(t('deleted'));
    leave();
  } catch (e) { toast(e.message); }
}

async function forget() {
  if (!confirm(t('sure'))) return;
  try {
    await api('DELETE', '/session');
    for (const key of ['token', 'task']) store.set(key, null);
    uploadId = null;
    $('mine').hidden = true;
    toast(t('forgotten'));
    await session();
  } catch (e) { toast(e.message); }
}

// --- showing it ------------------------------------------------------------

function show(name) {
  $('make').hidden = name !== 'make';
  $('work').hidden = name !== 'work';
  scrollTo(0, 0);
}

function busy(percent, text) {
  $('work').classList.add('busy');
  meter(percent);
  $('state').textContent = text;
  $('state').classList.remove('bad');
  $('queue').textContent = '';
  $('badge').hidden = true;
  for (const id of ['regenerate', 'save', 'compare', 'cancel', 'delete']) $(id).hidden = true;
}

function meter(percent) {
  $('bar').value = percent;
  $('percent').textContent = Math.round(percent) + '%';
  $('arc').style.strokeDasharray = `${percent} 100`;
}

function render(doc) {
  show('work');
  const over = ended(doc.state), good = doc.state === 'succeeded';
  $('work').classList.toggle('busy', !over);
  meter(doc.progress || 0);
  $('state').textContent = doc.error?.detail || doc.message || '';
  $('state').classList.toggle('bad', doc.state === 'failed' || doc.state === 'expired');
  const q = doc.queue;
  $('queue').textContent = q?.position > 1 && q.eta ? t('queue')(q.position, t('seconds')(q.eta.p50Seconds)) : doc.cached ? t('cached') : '';
  if (good) $('picture').src = doc.result.imageUrl;
  else if (photoURL) $('picture').src = photoURL;
  $('badge').hidden = !good;
  $('badge').textContent = doc.degraded ? t('degraded') : t('ai');
  $('regenerate').hidden = !over;
  $('save').hidden = !good;
  if (good) $('save').href = doc.result.imageUrl;
  $('event').hidden = !doc.result?.landingUrl;
  if (doc.result?.landingUrl) $('event').href = doc.result.landingUrl;
  $('compare').hidden = !good || !photoURL;
  $('cancel').hidden = over;
  $('delete').hidden = !over;
}

function leave() {
  stopListening();
  store.set('task', null);
  current = null;
  show('make');
  listMine();
}

let toastTimer;
function toast(text) {
  $('toast').textContent = text;
  $('toast').hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $('toast').hidden = true; }, 5000);
}

function showQuota(quota) {
  $('quota').hidden = !quota?.daily;
  if (quota?.daily) { $('quota').textContent = t('left')(Math.max(0, quota.daily - quota.used)); $('quota').dataset.left = quota.daily - quota.used; }
}

async function refreshQuota() { try { showQuota((await api('GET', '/session')).quota); } catch { /* not important */ } }

function chips(kind, list) {
  const box = $(kind + 's');
  if (!list.some(e => e.id === chosen[kind])) chosen[kind] = list[0]?.id;
  box.replaceChildren(...list.map(e => {
    const b = document.createElement('button');
    b.type = 'button'; b.className = 'chip'; b.dataset.id = e.id; b.title = e.description;
    b.setAttribute('role', 'radio');
    const img = document.createElement('img');
    img.src = e.previewUrl; img.alt = ''; img.loading = 'lazy';
    const name = document.createElement('span');
    name.textContent = e.name;
    b.append(img, name);
    b.onclick = () => { chosen[kind] = e.id; store.set(kind, e.id); attempt = null; pick(kind, list); };
    return b;
  }));
  pick(kind, list);
}

function pick(kind, list) {
  for (const b of $(kind + 's').children) {
    const on = b.dataset.id === chosen[kind];
    b.setAttribute('aria-checked', on);
    b.tabIndex = on ? 0 : -1;
  }
  $(kind + '-about').textContent = list.find(e => e.id === chosen[kind])?.description || '';
}

function arrows(e) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
  const all = [...e.currentTarget.children], at = all.indexOf(document.activeElement);
  if (!step || at < 0) return;
  e.preventDefault();
  const next = all[(at + step + all.length) % all.length];
  next.click(); next.focus();
}

async function listMine() {
  try {
    const { data } = await api('GET', '/tasks?limit=9');
    $('mine').hidden = data.length === 0;
    $('gallery').replaceChildren(...data.map(doc => {
      const b = document.createElement('button');
      b.type = 'button';
      b.setAttribute('aria-label', doc.message);
      if (doc.result) {
        const img = document.createElement('img');
        img.src = doc.result.thumbnailUrl; img.alt = ''; img.loading = 'lazy';
        b.append(img);
      } else b.textContent = ended(doc.state) ? '—' : t('waiting');
      b.onclick = () => follow(doc);
      return b;
    }));
  } catch { /* the rest of the page works without it */ }
}

// typeOf names the type of a photo, '' when it is none; many systems have no name for HEIC.
function typeOf(file) {
  if (['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'image/heif'].includes(file.type)) return file.type;
  return /\.hei[cf]$/i.test(file.name) ? 'image/heic' : '';
}

function choose(file) {
  if (!file) return;
  if (!typeOf(file)) { toast(t('notPhoto')); return; }
  if (photoURL) URL.revokeObjectURL(photoURL);
  photo = file; uploadId = null; attempt = null;
  photoURL = URL.createObjectURL(file);
  $('chosen').src = photoURL; $('chosen').alt = file.name; // few browsers can show HEIC
  $('chosen').hidden = false; $('hint').hidden = true; $('another').hidden = false;
  $('drop').classList.add('full');
  ready();
}

function ready() { $('go').disabled = !(photo && catalog && $('consent').checked); }

async function speak() {
  document.documentElement.lang = lang;
  for (const el of document.querySelectorAll('[data-t]')) el.textContent = t(el.dataset.t);
  $('lang').textContent = lang === 'en' ? '中文' : 'EN';
  if ($('quota').dataset.left) $('quota').textContent = t('left')(Math.max(0, $('quota').dataset.left));
  const answer = await fetch('/catalog', { headers: { 'Accept-Language': lang } });
  catalog = await answer.json();
  chips('style', catalog.styles);
  chips('place', catalog.places);
  ready();
}

function report(message, source, line, stack) {
  const body = JSON.stringify({ message: String(message).slice(0, 400), source: source || '', line: line || 0, stack: (stack || '').slice(0, 1500), page: location.pathname });
  try { navigator.sendBeacon('/client-errors', new Blob([body], { type: 'application/json' })); } catch { /* never mind */ }
}

addEventListener('error', e => report(e.message, e.filename, e.lineno, e.error?.stack));
addEventListener('unhandledrejection', e => report(e.reason?.message || e.reason, '', 0, e.reason?.stack));
document.addEventListener('visibilitychange', () => { // phones kill streams of pages they put to sleep
  if (document.visibilityState === 'visible' && current && !ended(current.state)) follow(current);
});

$('file').onchange = e => choose(e.target.files[0]);
for (const name of ['dragover', 'dragleave', 'drop']) {
  $('drop').addEventListener(name, e => {
    e.preventDefault();
    $('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop') choose(e.dataTransfer.files[0]);
  });
}
for (const id of ['styles', 'places']) $(id).onkeydown = arrows;
$('consent').onchange = ready;
$('go').onclick = make;
$('regenerate').onclick = regenerate;
$('cancel').onclick = cancel;
$('delete').onclick = remove;
$('back').onclick = leave;
$('forget').onclick = forget;
$('lang').onclick = () => { lang = lang === 'en' ? 'zh-CN' : 'en'; store.set('lang', lang); speak().catch(e => toast(e.message)); if (current) catchUp(); };
for (const [name, original] of [['pointerdown', true], ['pointerup', false], ['pointerleave', false], ['pointercancel', false]]) {
  $('compare').addEventListener(name, () => { if (current?.result) $('picture').src = original ? photoURL : current.result.imageUrl; });
}

(async () => {
  await speak();
  await session();
  const last = store.get('task');
  if (last) {
    try { const doc = await api('GET', '/tasks/' + last); if (!ended(doc.state)) return follow(doc); } catch { /* gone */ }
    store.set('task', null);
  }
  listMine();
})().catch(e => toast(e instanceof Refused ? e.message : t('offline')));
