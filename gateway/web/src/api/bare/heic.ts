import { name, viewOf, type Bytes } from './bytes';

/** Files of makers beside the picture: films, records of the camera. */
const beside = ['uuid', 'mpvd', 'sefd'];
const secret = ['Exif', 'mime', 'uri '];

interface Box {
  type: string;
  from: number; // of its content
  to: number;
}

/**
 * A HEIC whose Exif and XMP are zeros. To cut them out would be to rewrite
 * every offset; which way is up is told elsewhere (irot, imir).
 */
export function bareHEIC(photo: Bytes): Bytes {
  const all = boxes(photo, 0, photo.length);
  const meta = all.find((b) => b.type === 'meta');
  if (!meta) return photo;
  const inner = boxes(photo, meta.from + 4, meta.to);
  const find = (type: string) => inner.find((b) => b.type === type);
  const [infos, places, data] = [find('iinf'), find('iloc'), find('idat')];
  const bare = photo.slice();
  const ids = infos ? secretItems(photo, infos) : [];
  if (places) for (const [from, to] of extents(photo, places, ids, data)) bare.fill(0, from, to);
  for (const b of all) if (beside.includes(b.type)) bare.fill(0, b.from, b.to);
  return bare;
}

function boxes(photo: Bytes, from: number, to: number): Box[] {
  const view = viewOf(photo);
  const all: Box[] = [];
  for (let at = from; at + 8 <= to;) {
    let size = view.getUint32(at);
    const head = size === 1 ? 16 : 8;
    if (size === 1) size = Number(view.getBigUint64(at + 8));
    if (size === 0) size = to - at;
    if (size < head || at + size > to) break;
    all.push({ type: name(photo, at + 4), from: at + head, to: at + size });
    at += size;
  }
  return all;
}

/** The ids of what is no picture. */
function secretItems(photo: Bytes, infos: Box): number[] {
  const view = viewOf(photo);
  const ids = [];
  const first = infos.from + (photo[infos.from] === 0 ? 6 : 8);
  for (const { type, from } of boxes(photo, first, infos.to)) {
    const long = photo[from] === 3;
    const id = long ? view.getUint32(from + 4) : view.getUint16(from + 4);
    if (type === 'infe' && secret.includes(name(photo, from + (long ? 10 : 8)))) ids.push(id);
  }
  return ids;
}

/** Where items lie: in the file, or in the box for small ones. */
function* extents(photo: Bytes, places: Box, ids: number[], data?: Box): Generator<[number, number]> {
  const view = viewOf(photo);
  let at = places.from;
  const number = (size: number) => {
    at += size;
    if (size === 8) return Number(view.getBigUint64(at - 8));
    return size === 4 ? view.getUint32(at - 4) : size === 2 ? view.getUint16(at - 2) : 0;
  };
  const version = number(4) >>> 24;
  const sizes = number(2);
  if (sizes >> 8 === 0) return; // they have no place
  const idSize = version < 2 ? 2 : 4;
  const indexSize = version > 0 ? sizes & 15 : 0;
  for (let n = number(idSize); n > 0 && at < places.to; n--) {
    const id = number(idSize);
    const method = version > 0 ? number(2) & 15 : 0;
    number(2); // the file of the data: this one
    const base = number((sizes >> 4) & 15) + (method === 1 ? (data?.from ?? NaN) : 0);
    for (let m = number(2); m > 0 && at < places.to; m--) {
      number(indexSize);
      const from = base + number(sizes >> 12);
      const length = number((sizes >> 8) & 15);
      if (ids.includes(id) && method < 2 && from >= 0) yield [from, from + length];
    }
  }
}
