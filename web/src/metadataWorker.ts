// The worker that pictures pass through on their way out and in, where metadata was asked for.
// SPDX-License-Identifier: Apache-2.0
import { metadataOf } from './metadataMessage';
import type { SendMetadata, TransformPurpose, WorkerNews } from './metadataProtocol';
import { MetadataQueue } from './MetadataQueue';

/** What of a worker's global object is used. */
interface WorkerScope {
  onrtctransform: ((event: { readonly transformer: Transformer }) => void) | null;
  onmessage: ((event: { readonly data: SendMetadata }) => void) | null;
  postMessage(news: WorkerNews): void;
}

interface Transformer {
  readonly options: TransformPurpose;
  readonly readable: ReadableStream<RTCEncodedVideoFrame>;
  readonly writable: WritableStream<RTCEncodedVideoFrame>;
}

const scope = globalThis as unknown as WorkerScope;
/** They outlive peer connections: what waits goes out over the next one. */
const queues = new Map<string, MetadataQueue>();

scope.onrtctransform = ({ transformer: { options, readable, writable } }) => {
  const change = options.direction === 'send' ? sending(options.queue) : receiving(options.section);
  const transform = new TransformStream<RTCEncodedVideoFrame, RTCEncodedVideoFrame>({
    transform(frame, output) {
      try {
        if (isH264(frame)) change(frame);
      } catch {
        // The picture matters more than what goes with it.
      }
      output.enqueue(frame);
    },
  });
  // It ends with the peer connection.
  readable.pipeThrough(transform).pipeTo(writable).catch(() => {});
};

scope.onmessage = ({ data: { request, queue, data, ...options } }) => {
  const isTaken = queueOf(queue).enqueue(data, options, performance.now());
  scope.postMessage({ type: isTaken ? 'taken' : 'full', request });
};

scope.postMessage({ type: 'ready' });

function sending(queue: string): (frame: RTCEncodedVideoFrame) => void {
  return (frame) => {
    const { synchronizationSource: layer = 0 } = frame.getMetadata();
    const picture = new Uint8Array(frame.data);
    const isKeyframe = frame.type === 'key';
    const changed = queueOf(queue).attach(picture, layer, isKeyframe, performance.now());
    if (changed) frame.data = changed.buffer;
  };
}

function receiving(section: number): (frame: RTCEncodedVideoFrame) => void {
  return (frame) => {
    const messages = metadataOf(new Uint8Array(frame.data));
    if (messages.length === 0) return;
    const { rtpTimestamp = frame.timestamp } = frame.getMetadata();
    scope.postMessage({ type: 'received', section, rtpTimestamp, messages });
  };
}

function queueOf(name: string): MetadataQueue {
  const known = queues.get(name);
  if (known) return known;
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  const queue = new MetadataQueue((BigInt(high) << 32n) | BigInt(low));
  queues.set(name, queue);
  return queue;
}

/** By the browser's word, or where it says nothing by the start code in front. */
function isH264(frame: RTCEncodedVideoFrame): boolean {
  const { mimeType } = frame.getMetadata();
  if (mimeType !== undefined) return mimeType.toLowerCase() === 'video/h264';
  const head = new Uint8Array(frame.data, 0, Math.min(4, frame.data.byteLength));
  const one = head.findIndex((byte) => byte !== 0);
  return one >= 2 && head[one] === 1;
}
