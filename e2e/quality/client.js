// What the quality measurement runs in a page: a camera whose pictures carry the time they were made at, a voice that
// never pauses, and a viewer that reads the times back from what it is shown.
// SPDX-License-Identifier: Apache-2.0
window.quality = (() => {
  const [width, height, framesPerSecond] = [640, 360, 30];
  // The picture's first rows: bits of the time in milliseconds and four bits of check, black or white, high ones first.
  const [timeBits, checkBits, rows] = [20, 4, 24];
  const bits = timeBits + checkBits;
  /** When pictures were shown, and when the one shown was made; null where that could not be read. */
  const shown = [];
  const made = { pictures: 0 };
  let room;

  /** Milliseconds on a clock that all pages of this machine share. */
  const now = () => performance.timeOrigin + performance.now();
  const check = (value) => (value ^ (value >> 4) ^ (value >> 8) ^ (value >> 12) ^ (value >> 16) ^ 0x9) & 0xf;

  /** Random numbers of a seed, 0 to 2^32 - 1. */
  function random(seed) {
    let state = seed >>> 0 || 1;
    return () => {
      state ^= state << 13;
      state >>>= 0;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>>= 0);
    };
  }

  /** A brightness map of soft noise in several sizes, twice as large as the picture. */
  function texture(next) {
    const [w, h] = [2 * width, 2 * height];
    const map = new Uint8Array(w * h);
    const grids = [64, 16, 4].map((cell) => {
      const [columns, lines] = [Math.ceil(w / cell) + 2, Math.ceil(h / cell) + 2];
      return { cell, columns, values: Float32Array.from({ length: columns * lines }, () => next() / 2 ** 32) };
    });
    for (let y = 0; y < h; y += 1) {
      for (let x = 0; x < w; x += 1) {
        let sum = 0;
        for (const [index, { cell, columns, values }] of grids.entries()) {
          const [cx, cy] = [Math.floor(x / cell), Math.floor(y / cell)];
          const [fx, fy] = [x / cell - cx, y / cell - cy];
          const at = cy * columns + cx;
          const top = values[at] * (1 - fx) + values[at + 1] * fx;
          const bottom = values[at + columns] * (1 - fx) + values[at + columns + 1] * fx;
          sum += (top * (1 - fy) + bottom * fy) * [0.5, 0.3, 0.2][index];
        }
        map[y * w + x] = 30 + sum * 200;
      }
    }
    return map;
  }

  /** A camera of detailed pictures in motion: strips of noise that move at different speeds, which no encoder can
   * foretell for less than 1.5 Mbit/s. */
  function camera(seed = 1) {
    const generator = new MediaStreamTrackGenerator({ kind: 'video' });
    const writer = generator.writable.getWriter();
    const next = random(seed);
    const map = texture(next);
    const luma = width * height;
    const picture = new Uint8Array(luma + luma / 2);
    picture.fill(128, luma);
    const strips = Array.from({ length: 12 }, () => ({
      dx: (next() % 900) / 100 - 4.5, dy: (next() % 300) / 100 - 1.5, x: next() % width, y: next() % height,
    }));
    const begun = performance.now();
    const draw = () => {
      const age = made.pictures;
      for (let y = 0; y < height; y += 1) {
        const strip = strips[Math.floor((y * strips.length) / height)];
        const wrap = (value, size) => ((Math.floor(value) % size) + size) % size;
        const x = wrap(strip.x + strip.dx * age + 3 * Math.sin(age / 7), width);
        const line = wrap(strip.y + strip.dy * age + y, height);
        const from = line * 2 * width + x;
        picture.set(map.subarray(from, from + width), y * width);
      }
      const time = Math.round(now()) % 2 ** timeBits;
      const code = time * 2 ** checkBits + check(time);
      for (let bit = 0; bit < bits; bit += 1) {
        const value = (code >> (bits - 1 - bit)) & 1 ? 235 : 16;
        const [left, right] = [bit, bit + 1].map((edge) => Math.round((edge * width) / bits));
        for (let y = 0; y < rows; y += 1) picture.fill(value, y * width + left, y * width + right);
      }
      const timestamp = Math.round((performance.now() - begun) * 1000);
      const frame = new VideoFrame(picture, { format: 'I420', codedWidth: width, codedHeight: height, timestamp });
      made.pictures += 1;
      writer.write(frame).catch(() => {});
    };
    // Timers are late and never early: each picture has its own date, so that the rate holds.
    const tick = () => {
      draw();
      const due = begun + (made.pictures * 1000) / framesPerSecond;
      setTimeout(tick, Math.max(0, due - performance.now()));
    };
    tick();
    return generator;
  }

  /** Sound like vowels without an end: a buzz through formants whose loudness follows syllables. */
  async function voice() {
    const context = new AudioContext();
    await context.resume();
    const target = context.createMediaStreamDestination();
    const mix = new GainNode(context, { gain: 0.5 });
    const buzz = new OscillatorNode(context, { type: 'sawtooth', frequency: 130 });
    for (const frequency of [600, 1100, 2500]) {
      const formant = new BiquadFilterNode(context, { type: 'bandpass', frequency, Q: 6 });
      buzz.connect(formant).connect(mix);
    }
    const melody = new OscillatorNode(context, { frequency: 0.7 });
    const syllables = new OscillatorNode(context, { frequency: 4 });
    melody.connect(new GainNode(context, { gain: 25 })).connect(buzz.frequency);
    syllables.connect(new GainNode(context, { gain: 0.2 })).connect(mix.gain);
    mix.connect(target);
    for (const node of [buzz, melody, syllables]) node.start();
    return target.stream.getAudioTracks()[0];
  }

  /** The time in a shown picture; null if it cannot be read. */
  function reader() {
    const canvas = new OffscreenCanvas(bits, 1);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.imageSmoothingEnabled = false;
    return (element) => {
      const [w, h] = [element.videoWidth, element.videoHeight];
      // The middle of each block, and nothing else.
      const y = (rows / 2 / height) * h;
      pen.drawImage(element, 0, y, w, 1, 0, 0, bits, 1);
      const pixels = pen.getImageData(0, 0, bits, 1).data;
      let code = 0;
      for (let bit = 0; bit < bits; bit += 1) code = code * 2 + (pixels[bit * 4 + 1] > 127 ? 1 : 0);
      const [time, sum] = [Math.floor(code / 2 ** checkBits), code % 2 ** checkBits];
      return check(time) === sum ? time : null;
    };
  }

  /** Shows a track, in the sizes and at the times that a page would, and notes every picture. */
  function show(attach) {
    const element = document.createElement('video');
    Object.assign(element, { autoplay: true, muted: true, playsInline: true, width, height });
    document.body.append(element);
    const read = reader();
    const note = () => {
      const at = now();
      const time = read(element);
      const latency = time === null ? null : (Math.round(at) - time + 2 ** timeBits) % 2 ** timeBits;
      shown.push([at, latency, element.videoWidth]);
      element.requestVideoFrameCallback(note);
    };
    element.requestVideoFrameCallback(note);
    attach(element);
    return element;
  }

  async function enter(options) {
    const { Room } = await import('/martlet.js');
    room = new Room();
    const attached = new Set();
    const attach = (track) => {
      if (track.kind !== 'video' || attached.has(track.id)) return;
      attached.add(track.id);
      show((element) => track.attach(element));
    };
    room.on('trackPublished', ({ track }) => attach(track));
    await room.join(options);
    for (const { tracks } of room.remoteParticipants.values()) [...tracks.values()].forEach(attach);
  }

  /** Joins, waits for the first picture and (5 s) for the first of full width, leaves, and says when what happened, in
   * milliseconds since the call. */
  async function measureJoin(options) {
    const begun = performance.now();
    const steps = {};
    const mark = (name) => { steps[name] ??= performance.now() - begun; };
    const { WebSocket: Socket, RTCPeerConnection: Connection } = window;
    // What the SDK makes meanwhile is listened to as well.
    window.WebSocket = class extends Socket {
      constructor(...words) {
        super(...words);
        this.addEventListener('open', () => mark('socketOpen'));
        this.addEventListener('message', ({ data }) => {
          if (/"type":"joined"/.test(data)) mark('joined');
        });
      }
      send(data) {
        if (/"type":"join"/.test(data.slice(0, 200))) mark('joinSent');
        super.send(data);
      }
    };
    window.RTCPeerConnection = class extends Connection {
      constructor(...words) {
        super(...words);
        this.addEventListener('iceconnectionstatechange', () => {
          if (this.iceConnectionState === 'connected') mark('iceConnected');
        });
        this.addEventListener('connectionstatechange', () => {
          if (this.connectionState === 'connected') mark('dtlsConnected');
        });
      }
      async setLocalDescription(...words) {
        await super.setLocalDescription(...words);
        mark('offerSet');
      }
      async setRemoteDescription(...words) {
        await super.setRemoteDescription(...words);
        mark('answerSet');
      }
    };
    const place = shown.length;
    try {
      await enter(options);
      mark('entered');
      while (shown.length === place) {
        const { decoded } = await sample();
        if (decoded > 0) mark('decoded');
        if (performance.now() - begun > 20_000) throw new Error('no picture came');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      steps.shown = shown[place][0] - performance.timeOrigin - begun;
      const whole = () => shown.find((picture, index) => index >= place && picture[2] >= width);
      for (let tries = 0; tries < 1000 && !whole(); tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (whole()) steps.full = whole()[0] - performance.timeOrigin - begun;
      return steps;
    } finally {
      Object.assign(window, { WebSocket: Socket, RTCPeerConnection: Connection });
      await room.leave();
      document.querySelector('video')?.remove();
    }
  }

  const connections = () => window.testConnections.filter((one) => one.connectionState !== 'closed');

  async function limit(sender, maxBitrate) {
    const parameters = sender.getParameters();
    // Of several sizes the largest is the last that is sent.
    const largest = parameters.encodings.filter(({ active }) => active).at(-1);
    Object.assign(largest, { maxBitrate, maxFramerate: framesPerSecond });
    await sender.setParameters(parameters);
  }

  /** Joins and sends pictures of at most that many bits a second, and a voice. */
  async function publish(options, maxBitrate, seed) {
    await enter(options);
    await room.publishTrack(camera(seed), 'camera');
    await room.publishTrack(await voice(), 'microphone');
    for (const connection of connections()) {
      for (const sender of connection.getSenders()) {
        if (sender.track?.kind === 'video') await limit(sender, maxBitrate);
      }
    }
  }

  // Directly from browser to browser, without a server.

  async function offer(maxBitrate, seed) {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const video = connection.addTransceiver(camera(seed), { direction: 'sendonly' });
    const codecs = RTCRtpReceiver.getCapabilities('video').codecs;
    const isNeeded = ({ mimeType }) => ['video/VP8', 'video/rtx', 'video/red', 'video/ulpfec'].includes(mimeType);
    video.setCodecPreferences(codecs.filter(isNeeded));
    connection.addTransceiver(await voice(), { direction: 'sendonly' });
    await connection.setLocalDescription();
    await limit(video.sender, maxBitrate);
    return connection.localDescription.sdp;
  }

  async function answer(sdp) {
    const connection = new RTCPeerConnection();
    connection.ontrack = ({ track }) => {
      const stream = new MediaStream([track]);
      if (track.kind === 'video') show((element) => Object.assign(element, { srcObject: stream }));
      else Object.assign(document.body.appendChild(new Audio()), { srcObject: stream, autoplay: true });
    };
    await connection.setRemoteDescription({ type: 'offer', sdp });
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 10));
    return connection.localDescription.sdp;
  }

  const accept = (sdp) => connections().at(-1).setRemoteDescription({ type: 'answer', sdp });

  // Counting.

  /** What was sent and received so far; `shown` is a place in the list of pictures. */
  async function sample() {
    const sum = {
      at: now(), shown: shown.length, decoded: 0, concealed: 0, samples: 0, bytes: 0, nacks: 0, plis: 0,
      encoded: 0, sentBytes: 0, askedNacks: 0, askedPlis: 0, target: 0,
    };
    for (const connection of connections()) {
      for (const entry of (await connection.getStats()).values()) {
        if (entry.type === 'inbound-rtp') {
          sum.decoded += entry.framesDecoded ?? 0;
          sum.concealed += entry.concealedSamples ?? 0;
          sum.samples += entry.kind === 'audio' ? entry.totalSamplesReceived ?? 0 : 0;
          sum.bytes += entry.bytesReceived + (entry.headerBytesReceived ?? 0);
          sum.nacks += entry.nackCount ?? 0;
          sum.plis += entry.pliCount ?? 0;
        } else if (entry.type === 'outbound-rtp') {
          sum.encoded = Math.max(sum.encoded, entry.framesEncoded ?? 0);
          sum.sentBytes += entry.bytesSent + (entry.headerBytesSent ?? 0);
          sum.askedNacks += entry.nackCount ?? 0;
          sum.askedPlis += entry.pliCount ?? 0;
          sum.target += entry.kind === 'video' ? entry.targetBitrate ?? 0 : 0;
        }
      }
    }
    return sum;
  }

  /** Pictures from a place of the list on. */
  const pictures = (since) => shown.slice(since);

  return { enter, measureJoin, publish, offer, answer, accept, sample, pictures, now, leave: () => room.leave() };
})();
