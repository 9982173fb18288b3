// What a sender encodes: the sizes a picture is worth, their rates, and which of them anybody receives.
// SPDX-License-Identifier: Apache-2.0
import { pictureBitrate } from './pictureBitrate';
import { cutSpatialLayers } from './spatialLayers';
import type { LayeredEncoding, SpatialLayers } from './spatialLayers';

/** How large the pictures of a track are, in pixels. */
export interface CaptureSize {
  readonly width: number;
  readonly height: number;
}

/** The names of the sizes, small to large. */
const rids = ['q', 'h', 'f'] as const;
/** Browsers send two sizes of captures with so many pixels at least (480x270), and three of larger
 * ones (960x540): the first of those asked for. */
const [pixelsOfTwo, pixelsOfThree] = [480 * 270, 960 * 540];

/** How many sizes a capture is worth: 1 to 3; of one whose size is not known yet 3. */
export function sizeCount(capture: CaptureSize | undefined): number {
  if (!capture) return rids.length;
  const pixels = capture.width * capture.height;
  if (pixels >= pixelsOfThree) return 3;
  return pixels >= pixelsOfTwo ? 2 : 1;
}

/** The encodings of a camera sent in several sizes: the largest is always the capture's own, and
 * `maxBitrate` its bound; a smaller one gets at most half of the next. */
export function simulcastEncodings(
  capture?: CaptureSize,
  maxBitrate = Infinity,
): RTCRtpEncodingParameters[] {
  const count = sizeCount(capture);
  const { width, height } = capture ?? { width: 1280, height: 720 };
  return rids.map((rid, place) => {
    const scale = 2 ** Math.max(0, count - 1 - place);
    const rate = pictureBitrate((width * height) / scale ** 2);
    return {
      rid,
      active: place < count,
      scaleResolutionDownBy: scale,
      maxBitrate: Math.min(rate, Math.round(maxBitrate / scale)),
    };
  });
}

/** The size of a track's pictures; `undefined` while the browser does not know it. */
export function captureSize(track: MediaStreamTrack): CaptureSize | undefined {
  const { width, height } = track.getSettings?.() ?? {};
  return width && height ? { width, height } : undefined;
}

/** What somebody can use of a sender's pictures. */
interface Useful {
  /** By size the most bits a second; `undefined`: no bound. */
  usefulBitrates: Readonly<Record<string, number>> | undefined;
  /** How many of the sizes within its only stream; `undefined`: all. */
  spatialLayers: SpatialLayers | undefined;
  /** Whether pictures keep their size where they get fewer bits: what stands on a screen is to be read. */
  keepsSize: boolean;
}

/** What a sender is to encode. */
export interface EncodingWish extends Useful {
  /** How large its pictures are; `undefined`: not known. */
  capture: CaptureSize | undefined;
  /** The sizes that somebody receives, by name; `undefined`: all. */
  layers: readonly string[] | undefined;
  /** The most bits a second of the largest size. */
  maxBitrate: number | undefined;
}

/** Sets the sizes and rates of a sender for a capture. */
export function shape(
  sender: RTCRtpSender,
  { capture, layers, maxBitrate, ...useful }: EncodingWish,
): Promise<void> {
  const edit = (encodings: RTCRtpEncodingParameters[]) => {
    if (encodings.length === 1) {
      if (maxBitrate !== undefined) encodings[0]!.maxBitrate = maxBitrate;
    } else {
      const wanted = simulcastEncodings(capture, maxBitrate);
      encodings.forEach((encoding, place) => Object.assign(encoding, wanted[place]));
    }
    setActive(encodings, capture, layers);
  };
  return change(sender, edit, useful);
}

/** Lets a sender encode what somebody receives and can use, and nothing else. */
export function activate(
  sender: RTCRtpSender,
  { capture, layers, ...useful }: Omit<EncodingWish, 'maxBitrate'>,
): Promise<void> {
  return change(sender, (encodings) => setActive(encodings, capture, layers), useful);
}

function setActive(
  encodings: RTCRtpEncodingParameters[],
  capture: CaptureSize | undefined,
  layers: readonly string[] | undefined,
): void {
  const count = encodings.length === 1 ? 1 : sizeCount(capture);
  encodings.forEach((encoding, place) => {
    encoding.active = place < count && (layers?.includes(encoding.rid ?? '') ?? true);
  });
}

/** By how much more than chosen a picture may be scaled down where somebody can use but little of its rate. */
const scales = [1, 1.5, 2, 2.5, 3, 4] as const;

/** What pictures of that rate are scaled down by beside what was chosen: without that an encoder leaves frames out.
 * An only size browsers make still smaller where that is needed, one of several they do not. */
export function scaleFor(useful: number, pixels: number, isAlone: boolean): number {
  const worth = (isAlone ? 1.2 : 0.75) * useful;
  const fits = (scale: number) => pictureBitrate(pixels / scale ** 2) <= worth;
  return scales.find(fits) ?? scales[scales.length - 1]!;
}

const boundFields = ['maxBitrate', 'scaleResolutionDownBy', 'scalabilityMode'] as const;

type Chosen = Pick<LayeredEncoding, (typeof boundFields)[number]>;

/** By size what was chosen where somebody can use less, so that it comes back. */
const chosenBefore = new WeakMap<RTCRtpSender, Map<string, Chosen>>();

/** Bounds sizes by what somebody can use of them. */
function bound(
  sender: RTCRtpSender,
  encodings: LayeredEncoding[],
  { usefulBitrates, spatialLayers, keepsSize }: Useful,
): void {
  const chosen = new Map<string, Chosen>();
  const capture = sender.track ? captureSize(sender.track) : undefined;
  const { width, height } = capture ?? { width: 1280, height: 720 };
  const pixelsOf = ({ scaleResolutionDownBy: scale = 1 }: LayeredEncoding) =>
    (width * height) / scale ** 2;
  const isAlone = encodings.length === 1;
  for (const encoding of encodings) {
    const rid = encoding.rid ?? '';
    const before = { ...encoding };
    if (spatialLayers && isAlone) cutSpatialLayers(encoding, spatialLayers, pixelsOf(encoding));
    const useful = usefulBitrates?.[rid];
    if (useful !== undefined && (encoding.maxBitrate ?? Infinity) > useful) {
      encoding.maxBitrate = useful;
      if (!keepsSize) {
        const scale = scaleFor(useful, pixelsOf(encoding), isAlone);
        encoding.scaleResolutionDownBy = (encoding.scaleResolutionDownBy ?? 1) * scale;
      }
    }
    if (boundFields.some((name) => encoding[name] !== before[name])) chosen.set(rid, before);
  }
  chosenBefore.set(sender, chosen);
}

function unbound(sender: RTCRtpSender, encodings: LayeredEncoding[]): void {
  for (const encoding of encodings) {
    const chosen = chosenBefore.get(sender)?.get(encoding.rid ?? '');
    if (!chosen) continue;
    for (const name of boundFields) {
      if (chosen[name] === undefined) delete encoding[name];
      else Object.assign(encoding, { [name]: chosen[name] });
    }
  }
}

async function change(
  sender: RTCRtpSender,
  edit: (encodings: RTCRtpEncodingParameters[]) => void,
  useful: Useful,
): Promise<void> {
  const parameters = sender.getParameters();
  const encodings = parameters.encodings ?? [];
  if (encodings.length === 0) return;
  const before = JSON.stringify(encodings);
  unbound(sender, encodings);
  edit(encodings);
  bound(sender, encodings, useful);
  if (JSON.stringify(encodings) === before) return;
  // Refused by a peer connection that is closed, or in the middle of an offer: then all goes on as it was.
  await sender.setParameters(parameters).catch(() => {});
}
