// Metadata in pictures, as the page sees it: the worker, its transforms, and what goes through them.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from './MartletError';
import { checkMetadata } from './metadataMessage';
import type { MetadataOptions } from './metadataMessage';
import type {
  ReceivedMetadata,
  SendMetadata,
  TransformPurpose,
  WorkerNews,
} from './metadataProtocol';

/** How long the worker may take to load. */
export const workerLoadMilliseconds = 8000;

/** How metadata is carried. */
export interface MetadataSetup {
  /** Where `martlet-metadata.js` is, if not beside the SDK. */
  workerURL?: string;
}

/** Who waits for the worker's word whether a message was taken. */
interface Answer {
  resolve(isTaken: boolean): void;
  reject(error: MartletError): void;
}

/** Whether this browser can carry metadata: pages may change encoded pictures (RTCRtpScriptTransform). */
export function canCarryMetadata(): boolean {
  return typeof RTCRtpScriptTransform !== 'undefined' && typeof Worker !== 'undefined';
}

/**
 * The worker of one session. Browsers let pictures pass through it only if they are told so when a
 * section is made: later ones are ignored without a word (Chromium 156), so this is made before the
 * peer connection, and everything that may carry pictures of H.264 passes through it.
 */
export class MetadataChannel {
  /** Fulfilled when the worker runs; rejected with `workerFailed`. Until then no picture passes. */
  readonly ready: Promise<void>;
  /** Called with what comes over a receiving section. */
  onReceived: (section: RTCRtpTransceiver, received: ReceivedMetadata) => void = () => {};

  readonly #worker: Worker;
  readonly #queues = new WeakMap<RTCRtpTransceiver, string>();
  /** By number; undefined where the peer connection is gone. */
  readonly #receiving: (RTCRtpTransceiver | undefined)[] = [];
  #request = 0;
  readonly #requests = new Map<number, Answer>();
  #isReady: () => void = () => {};

  /** Throws `unsupportedBrowser`. */
  constructor(setup: MetadataSetup = {}) {
    if (!canCarryMetadata()) {
      throw new MartletError('unsupportedBrowser', 'This browser does not let pages into pictures.');
    }
    const address = new URL(setup.workerURL ?? './martlet-metadata.js', import.meta.url).href;
    this.#worker = makeWorker(address);
    this.ready = new Promise((resolve, reject) => {
      const fail = () => {
        clearTimeout(timer);
        reject(new MartletError('workerFailed', `${address} cannot be loaded as a worker.`));
      };
      const timer = setTimeout(fail, workerLoadMilliseconds);
      this.#isReady = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#worker.onerror = fail;
    });
    // Whoever joins looks at it; whoever gives up before does not.
    this.ready.catch(() => {});
    this.#worker.onmessage = ({ data }: { data: WorkerNews }) => this.#hear(data);
  }

  /** Pictures of a section that was made just now leave through the worker. */
  passOut(section: RTCRtpTransceiver, queue: string): void {
    this.#queues.set(section, queue);
    section.sender.transform = this.#transform({ direction: 'send', queue });
  }

  /** Pictures of a section that was made just now arrive through the worker. */
  passIn(section: RTCRtpTransceiver): void {
    const purpose = { direction: 'receive', section: this.#receiving.push(section) - 1 } as const;
    section.receiver.transform = this.#transform(purpose);
  }

  /**
   * Sends a message with the next pictures of a section; resolves when it waits for them. Rejects
   * with `invalidArgument` for what is out of range or no H.264, with `dataRateExceeded` if 64 wait.
   */
  async send(
    section: RTCRtpTransceiver,
    data: Uint8Array,
    options: MetadataOptions,
  ): Promise<void> {
    checkMetadata(data, options);
    const queue = this.#queues.get(section);
    if (queue === undefined || !sendsH264(section.sender)) {
      const message = 'Only pictures of H.264 carry metadata: join with videoCodec h264.';
      throw new MartletError('invalidArgument', message);
    }
    const { repeats = 2, delayMilliseconds = 0, keyFramesOnly = false } = options;
    const request = (this.#request += 1);
    const order: SendMetadata = { request, queue, data, repeats, delayMilliseconds, keyFramesOnly };
    const isTaken = await new Promise<boolean>((resolve, reject) => {
      this.#requests.set(request, { resolve, reject });
      this.#worker.postMessage(order);
    });
    if (isTaken) return;
    const message = 'Too much metadata waits for pictures: send less.';
    throw new MartletError('dataRateExceeded', message, { retryAfterMilliseconds: 100 });
  }

  /** The peer connection is gone, and another one comes. */
  forgetSections(): void {
    // Numbers are not used again: what is under way from the former ones finds nobody.
    this.#receiving.fill(undefined);
  }

  /** Ends the worker, after the peer connection. */
  close(): void {
    this.#worker.onmessage = null;
    this.#worker.onerror = null;
    this.#worker.terminate();
    const error = new MartletError('linkLost', 'The room was left.');
    for (const { reject } of this.#requests.values()) reject(error);
    this.#requests.clear();
  }

  #transform(purpose: TransformPurpose): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.#worker, purpose);
  }

  #hear(news: WorkerNews): void {
    switch (news.type) {
      case 'ready':
        this.#isReady();
        break;
      case 'received': {
        const section = this.#receiving[news.section];
        if (section) this.onReceived(section, news);
        break;
      }
      default:
        this.#requests.get(news.request)?.resolve(news.type === 'taken');
        this.#requests.delete(news.request);
    }
  }
}

/** Workers are of the page's own origin: one from elsewhere is loaded by one that is. */
function makeWorker(address: string): Worker {
  const isOwn = typeof location === 'undefined' || new URL(address).origin === location.origin;
  if (isOwn) return new Worker(address);
  const script = `importScripts(${JSON.stringify(address)});`;
  const loader = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(loader);
  // It has been taken by the time any worker loads.
  setTimeout(() => URL.revokeObjectURL(loader), workerLoadMilliseconds);
  return worker;
}

/** The codec chosen by name, or else the first of those negotiated. */
function sendsH264(sender: RTCRtpSender): boolean {
  const { codecs = [], encodings = [] } = sender.getParameters();
  const mimeType = encodings[0]?.codec?.mimeType ?? codecs[0]?.mimeType;
  return mimeType?.toLowerCase() === 'video/h264';
}
