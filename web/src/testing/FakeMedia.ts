// Peer connections, tracks and devices for tests, with counters of what arrives.
// SPDX-License-Identifier: Apache-2.0

/** A track of a device, or received. */
export class FakeTrack {
  readonly kind: string;
  readonly deviceId: string;
  enabled = true;
  readyState = 'live';
  onended: (() => void) | null = null;
  /** What is known of its pictures' size. */
  size: { width?: number; height?: number } = {};

  constructor(kind: string, deviceId = 'default') {
    this.kind = kind;
    this.deviceId = deviceId;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  getSettings(): { deviceId: string; width?: number; height?: number } {
    return { deviceId: this.deviceId, ...this.size };
  }

  /** The device is gone, or sharing was ended. */
  end(): void {
    this.readyState = 'ended';
    this.onended?.();
  }
}

/** One size in which a section sends. */
export interface FakeEncoding {
  rid?: string;
  active?: boolean;
  scaleResolutionDownBy?: number;
  maxBitrate?: number;
  scalabilityMode?: string;
}

/** A section. */
export class FakeSection {
  mid: string | null = null;
  currentDirection: string | null = null;
  readonly direction: string;
  readonly receiver: { track: FakeTrack };
  readonly sender: {
    track: FakeTrack | null;
    encodings: FakeEncoding[];
    codecs: { mimeType: string }[];
    replaceTrack: (track: FakeTrack | null) => Promise<void>;
    getParameters: () => { encodings: FakeEncoding[]; codecs: { mimeType: string }[] };
    setParameters: (parameters: { encodings: FakeEncoding[] }) => Promise<void>;
  };

  constructor(connection: FakeConnection, kind: string, direction: string) {
    this.direction = direction;
    this.receiver = { track: new FakeTrack(kind) };
    const sender: FakeSection['sender'] = {
      track: null,
      encodings: [{ active: true }],
      codecs: [],
      getParameters: () => ({
        encodings: sender.encodings.map((one) => ({ ...one })),
        codecs: sender.codecs,
      }),
      setParameters: ({ encodings }) => {
        sender.encodings = encodings;
        return Promise.resolve();
      },
      replaceTrack: (track) => {
        if (connection.isClosed) {
          return Promise.reject(Object.assign(new Error('closed'), { name: 'InvalidStateError' }));
        }
        sender.track = track;
        return Promise.resolve();
      },
    };
    this.sender = sender;
  }
}

/** A peer connection whose media flows as long as `FakeConnection.isFlowing`. */
export class FakeConnection {
  static all: FakeConnection[] = [];
  /** Whether packets arrive; each look at the figures sees more of them. */
  static isFlowing = true;
  /** Sources whose sections the answer refuses, by their place. */
  static refused: number[] = [];

  iceConnectionState = 'connected';
  signalingState = 'stable';
  localDescription: { sdp: string } | null = null;
  oniceconnectionstatechange: (() => void) | null = null;
  connectionState = 'connected';
  onconnectionstatechange: (() => void) | null = null;
  isClosed = false;
  restartCount = 0;
  /** How it was made and set since, and how often it had been restarted before each. */
  readonly configurations: { given: RTCConfiguration; restarts: number }[] = [];
  #packets = 0;
  readonly sections: FakeSection[] = [];

  constructor(configuration: RTCConfiguration = {}) {
    this.setConfiguration(configuration);
    FakeConnection.all.push(this);
  }

  setConfiguration(given: RTCConfiguration): void {
    this.configurations.push({ given, restarts: this.restartCount });
  }

  /** The newest connection. */
  static get last(): FakeConnection {
    const last = FakeConnection.all[FakeConnection.all.length - 1];
    if (!last) throw new Error('No connection was made.');
    return last;
  }

  static reset(): void {
    FakeConnection.all = [];
    FakeConnection.isFlowing = true;
    FakeConnection.refused = [];
  }

  addTransceiver(kind: string, options: { direction: string }): FakeSection {
    const section = new FakeSection(this, kind, options.direction);
    this.sections.push(section);
    return section;
  }

  createOffer(): Promise<object> {
    return Promise.resolve({ type: 'offer', sdp: `offer of ${this.sections.length}` });
  }

  setLocalDescription(description: { sdp: string; type?: string }): Promise<void> {
    this.localDescription = description;
    this.signalingState = description.type === 'rollback' ? 'stable' : 'have-local-offer';
    for (const [index, section] of this.sections.entries()) section.mid = String(index);
    return Promise.resolve();
  }

  setRemoteDescription(answer: { sdp: string }): Promise<void> {
    if (answer.sdp === 'bad') return Promise.reject(new Error('bad'));
    this.signalingState = 'stable';
    for (const [index, section] of this.sections.entries()) {
      const isRefused = FakeConnection.refused.includes(index);
      section.currentDirection = isRefused ? 'inactive' : section.direction;
    }
    return Promise.resolve();
  }

  restartIce(): void {
    this.restartCount += 1;
  }

  /** Packets arrive that nobody has looked for yet. */
  receive(packets: number): void {
    this.#packets += packets;
  }

  getStats(): Promise<Map<string, object>> {
    if (FakeConnection.isFlowing) this.#packets += 25;
    const transport = { id: 'T', type: 'transport', timestamp: performance.now() };
    return Promise.resolve(new Map([['T', { ...transport, packetsReceived: this.#packets }]]));
  }

  close(): void {
    this.isClosed = true;
  }

  /** What its sections send now, by mid. */
  get sent(): { [mid: string]: string } {
    const sending = this.sections.filter((section) => section.sender.track);
    return Object.fromEntries(sending.map((one) => [one.mid, one.sender.track?.kind]));
  }
}

/** The devices of the machine. */
export const devices = {
  opened: [] as FakeTrack[],
  getUserMedia: (constraints: { audio?: object; video?: object }) => {
    const track = new FakeTrack(constraints.audio ? 'audio' : 'video');
    devices.opened.push(track);
    return Promise.resolve({ getTracks: () => [track] });
  },
  addEventListener: () => {},
  removeEventListener: () => {},
};

/** Puts a browser around the tests. */
export function installBrowser(webSocket: unknown): void {
  const element = () => ({
    dataset: {},
    style: {},
    play: () => Promise.resolve(),
    remove: () => {},
  });
  const globals = {
    WebSocket: webSocket,
    RTCPeerConnection: FakeConnection,
    MediaStream: class {},
    document: { createElement: element, body: { append: () => {} } },
    navigator: { mediaDevices: devices },
  };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}
