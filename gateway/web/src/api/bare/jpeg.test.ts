import { expect, test } from 'vitest';
import { bare } from './bare';

const bytes = (text: string) => [...text].map((c) => c.charCodeAt(0));
const segment = (marker: number, body: number[]) => [
  0xff,
  marker,
  (body.length + 2) >> 8,
  (body.length + 2) & 255,
  ...body,
];

/** A directory with a camera, an orientation and a place, in either byte order. */
function exif(way: number, little = false): number[] {
  const number = (size: number, n: number) => {
    const all = Array.from({ length: size }, (_, i) => (n >> (8 * (size - 1 - i))) & 255);
    return little ? all.reverse() : all;
  };
  const entry = (tag: number, type: number, value: number[]) => [
    ...number(2, tag),
    ...number(2, type),
    ...number(4, 1),
    ...value,
  ];
  const short = [...number(2, way), 0, 0];
  return segment(0xe1, [
    ...bytes('Exif\0\0' + (little ? 'II' : 'MM')),
    ...number(2, 42),
    ...number(4, 8),
    ...number(2, 3),
    ...entry(0x010f, 2, bytes('cam\0')),
    ...entry(0x0112, 3, short),
    ...entry(0x8825, 4, number(4, 60)),
    ...number(4, 0),
    ...bytes('secret place'),
  ]);
}

const start = [0xff, 0xd8];
const jfif = segment(0xe0, bytes('JFIF\0\x01\x01'));
const colours = segment(0xe2, bytes('ICC_PROFILE\0\x01\x01 Display P3'));
const tables = segment(0xdb, [0, 1, 2, 3]);
const scan = (marker: number) => [...segment(0xda, [1, 1, 0]), 7, 0xff, 0, 0xff, 0xd0 + marker, 9, 0xff, 0xff];
const stop = [0xff, 0xd9];
const picture = [...tables, ...scan(0), ...segment(0xc4, [0xff, 0xd9]), ...scan(7), ...stop];
const secret = [
  ...segment(0xe1, bytes('http://ns.adobe.com/xap/1.0/\0 secret GPSLatitude')),
  ...segment(0xe2, bytes('MPF\0 secret')),
  ...segment(0xed, bytes('Photoshop 3.0\0 secret city')),
  ...segment(0xfe, bytes('secret')),
];
const behind = [...start, ...exif(1), ...picture]; // as phones append them

const upright = (way: number) =>
  segment(0xe1, [...bytes('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0'), way, 0, 0, 0, 0, 0, 0]);
const run = (...parts: number[][]) => [...bare(new Uint8Array(parts.flat()))];

test.each([1, 3, 6, 8])('a photo is sent without its place, and its orientation %i stays', (way) => {
  for (const little of [false, true]) {
    const sent = run(start, jfif, exif(way, little), colours, secret, picture, behind);
    expect(sent).toEqual([...start, ...jfif, ...upright(way), ...colours, ...picture]);
  }
});

test('a photo with nothing to hide stays the same', () => {
  const plain = [...start, ...jfif, ...colours, ...picture];
  expect(run(plain)).toEqual(plain);
  expect(run(plain, behind)).toEqual(plain);
});

test('an orientation that cannot be read means upright', () => {
  for (const tiff of ['', 'MM', 'MM\0*\xff\xff\xff\xff', 'II*\0\x08\0\0\0\xff\xff']) {
    expect(run(start, segment(0xe1, bytes('Exif\0\0' + tiff)), picture)).toEqual([...start, ...upright(1), ...picture]);
  }
});

test('what is no JPEG, or an odd one, is left to the server', () => {
  const odd = [
    [],
    [0xff],
    start,
    bytes('\x89PNG'),
    [...start, 0, ...picture],
    [...start, 0xff, 0xe1, 0, 1],
    [...start, 0xff, 0xe1, 99, 0],
  ];
  for (const photo of odd) expect(run(photo)).toEqual(photo);
  expect(run(start, exif(6), tables, scan(0))).toEqual([...start, ...upright(6), ...tables, ...scan(0)]);
});

test('no bytes break it, and it adds none to speak of', () => {
  const whole = new Uint8Array([start, jfif, exif(6, true), colours, secret, picture, behind].flat());
  let seed = 1;
  const draw = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 20_000; i++) {
    const broken = whole.slice(0, draw(4) ? whole.length : draw(whole.length));
    for (let n = draw(6); n >= 0; n--) broken[draw(broken.length || 1)] = draw(3) ? draw(256) : 0xff;
    const sent = bare(broken);
    expect(sent.length).toBeLessThanOrEqual(broken.length + 36);
  }
});
