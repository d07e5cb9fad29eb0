import { describe, expect, test } from 'vitest';
import { bare } from './bare';
import { letters as bytes } from './bytes';

const u16 = (n: number) => [(n >> 8) & 255, n & 255];
const u32 = (n: number) => [(n >>> 24) & 255, (n >> 16) & 255, ...u16(n)];
const run = (...parts: number[][]) => [...bare(new Uint8Array(parts.flat()))];
const exif = (way: number) => [
  ...[...bytes('MM\0*\0\0\0\x08\0\x02'), 1, 0x12, 0, 3, 0, 0, 0, 1, 0, way, 0, 0],
  ...[...bytes('\x88\x25\0\x04\0\0\0\x01\0\0\0\x40\0\0\0\0'), ...bytes('secret place')],
];
const upright = (way: number) => [
  ...bytes('MM\0*\0\0\0\x08\0\x01'),
  1,
  0x12,
  0,
  3,
  0,
  0,
  0,
  1,
  0,
  way,
  0,
  0,
  0,
  0,
  0,
  0,
];

describe('a PNG', () => {
  const chunk = (type: string, data: number[], sum = [1, 2, 3, 4]) => [
    ...u32(data.length),
    ...bytes(type),
    ...data,
    ...sum,
  ];
  const start = bytes('\x89PNG\r\n\x1a\n');
  const shows = ['IHDR', 'iCCP', 'gAMA', 'tRNS', 'PLTE'].flatMap((type) => chunk(type, bytes(type)));
  const picture = chunk('IDAT', bytes('pixels'));
  const end = chunk('IEND', []);
  const secret = ['tEXt', 'zTXt', 'iTXt', 'tIME', 'caBX'].flatMap((type) => chunk(type, bytes('secret')));

  test('is sent without texts, times and places', () => {
    expect(run(start, shows, secret, chunk('eXIf', exif(1)), picture, secret, end, bytes('behind'))).toEqual(
      [start, shows, picture, end].flat(),
    );
  });

  test('keeps which way is up', () => {
    const way = chunk('eXIf', upright(6), [0xd6, 0x67, 0x4b, 0x69]);
    expect(run(start, shows, chunk('eXIf', exif(6)), picture, end)).toEqual([start, shows, way, picture, end].flat());
  });

  test('that ends too soon is left to the server', () => {
    const odd = [start, shows, secret, picture].flat();
    expect(run(odd)).toEqual(odd);
    expect(run(odd.slice(0, -3))).toEqual(odd.slice(0, -3));
  });
});

describe('a WebP', () => {
  const little = (n: number) => u32(n).reverse();
  const chunk = (type: string, data: number[]) => [
    ...bytes(type),
    ...little(data.length),
    ...data,
    ...(data.length & 1 ? [0] : []),
  ];
  const file = (...chunks: number[][]) => [
    ...bytes('RIFF'),
    ...little(4 + chunks.flat().length),
    ...bytes('WEBP'),
    ...chunks.flat(),
  ];
  const features = (flags: number) => chunk('VP8X', [flags, 0, 0, 0, 9, 0, 0, 9, 0, 0]);
  const shows = [...chunk('ICCP', bytes('colours')), ...chunk('ALPH', [1]), ...chunk('VP8 ', bytes('pixels'))];
  const secret = chunk('XMP ', bytes('secret'));

  test('is sent without its place, and which way is up stays', () => {
    expect(run(file(features(0x3c), shows, chunk('EXIF', exif(1)), secret), bytes('behind'))).toEqual(
      file(features(0x30), shows),
    );
    for (const prefix of ['', 'Exif\0\0']) {
      expect(run(file(features(0x3c), shows, chunk('EXIF', [...bytes(prefix), ...exif(8)]), secret))).toEqual(
        file(features(0x38), shows, chunk('EXIF', upright(8))),
      );
    }
  });

  test('that is plain or odd stays the same', () => {
    const plain = file(chunk('VP8L', bytes('pixels')));
    expect(run(plain)).toEqual(plain);
    const cut = file(features(0x3c), shows, secret).slice(0, -2);
    expect(run(cut)).toEqual(cut);
    const odd = file(shows, chunk('EXIF', exif(8)));
    expect(run(odd)).toEqual(odd);
  });
});

describe('a HEIC', () => {
  const box = (type: string, ...content: number[][]) => [
    ...u32(8 + content.flat().length),
    ...bytes(type),
    ...content.flat(),
  ];
  const ftyp = box('ftyp', bytes('heic\0\0\0\0mif1heic'));
  const infe = (id: number, type: string) => box('infe', [2, 0, 0, 0], u16(id), u16(0), bytes(type), [0]);
  const iinf = box('iinf', [0, 0, 0, 0], u16(3), infe(1, 'hvc1'), infe(2, 'Exif'), infe(3, 'mime'));
  /** Item 1 and 2 lie in the file, 3 within the box. */
  const meta = (at: number) =>
    box(
      'meta',
      [0, 0, 0, 0],
      iinf,
      box(
        ...(['iloc', [1, 0, 0, 0], [0x44, 0x00], u16(3)] as [string, ...number[][]]),
        ...[
          [...u16(1), 0, 0, ...u16(0), ...u16(1), ...u32(at), ...u32(6)],
          [...u16(2), 0, 0, ...u16(0), ...u16(1), ...u32(at + 6), ...u32(exif(1).length)],
          [...u16(3), 0, 1, ...u16(0), ...u16(1), ...u32(0), ...u32(6)],
        ],
      ),
      box('idat', bytes('secret')),
      box('iprp', bytes('irot')),
    );
  const head = ftyp.length + meta(0).length + 8;
  const whole = [
    ...ftyp,
    ...meta(head),
    ...box('mdat', bytes('pixels'), exif(1)),
    ...box('mpvd', bytes('secret film')),
  ];

  test('is sent with zeros for its place, and nothing moves', () => {
    const sent = run(whole);
    const text = String.fromCharCode(...sent);
    expect(sent.length).toBe(whole.length);
    expect(text).not.toContain('secret');
    expect(text).toContain('pixels' + '\0'.repeat(exif(1).length));
    expect(text).toContain('irot');
    expect(sent.slice(0, ftyp.length + iinf.length)).toEqual(whole.slice(0, ftyp.length + iinf.length));
  });

  test('without a list of items stays the same', () => {
    for (const odd of [ftyp, [...ftyp, ...box('meta', [0, 0, 0, 0])], [...ftyp, ...meta(head).slice(0, -3)]]) {
      expect(run(odd)).toEqual(odd);
    }
  });

  test('no bytes break it, or another', () => {
    const seeds = [whole, bytes('\x89PNG\r\n\x1a\n\0\0\0\x04eXIfMM\0*'), bytes('RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0')];
    let seed = 1;
    const draw = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < 10_000; i++) {
      const broken = new Uint8Array(seeds[i % seeds.length]!);
      for (let n = draw(6); n >= 0; n--) broken[8 + draw(broken.length - 8)] = draw(3) ? draw(256) : 0xff;
      expect(bare(broken).length).toBeLessThanOrEqual(broken.length + 38);
    }
  });
});
