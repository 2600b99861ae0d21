// Reads the server's masks: 8-bit indexed PNG, a pixel's value is its class. A canvas would give colours only, which
// two classes may share and which some browsers blur against fingerprinting.

const SIGNATURE = 0x89504e47;

async function inflate(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

/** Undoes the rows' filters (PNG specification, 9.2), one byte a pixel. */
export function unfilter(rows, width, height) {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (width + 1)];
    const [from, to] = [y * (width + 1) + 1, y * width];
    if (filter === 0) {
      out.set(rows.subarray(from, from + width), to);
      continue;
    }
    for (let x = 0; x < width; x += 1) {
      const left = x ? out[to + x - 1] : 0;
      const up = y ? out[to + x - width] : 0;
      const corner = x && y ? out[to + x - width - 1] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      out[to + x] = rows[from + x] + guess;
    }
  }
  return out;
}

/** Width, height and a class a pixel (`values`), row by row. Throws where the file is no such mask. */
export async function decodeMask(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 33 || view.getUint32(0) !== SIGNATURE) throw new Error("This is no PNG.");
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, kind, interlaced] = [view.getUint8(24), view.getUint8(25), view.getUint8(28)];
  if (depth !== 8 || kind !== 3 || interlaced) throw new Error("This PNG is no mask.");
  const parts = [];
  for (let at = 8; at + 8 <= buffer.byteLength; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x49444154) parts.push(new Uint8Array(buffer, at + 8, length)); // IDAT
    at += length + 12;
  }
  const rows = await inflate(parts);
  if (rows.length < height * (width + 1)) throw new Error("This PNG is cut short.");
  return { width, height, values: unfilter(rows, width, height) };
}

/** Bytes of a CSS colour #rrggbb as one little-endian pixel, opaque. */
export function pixel(hex) {
  const value = parseInt(hex.slice(1), 16);
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** Paints a mask with a pixel a class; 0 leaves it clear. */
export function paint(mask, pixels) {
  const image = new ImageData(mask.width, mask.height);
  const out = new Uint32Array(image.data.buffer);
  for (let index = 0; index < out.length; index += 1) out[index] = pixels[mask.values[index]];
  return image;
}
