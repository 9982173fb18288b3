// A room of the SDK in an empty page. Every event is kept with the moment it came, and so is every moment at which
// new pictures of somebody had been decoded.
window.sessions = (() => {
  const names = [
    'connectionStateChanged', 'reconnectAttempt', 'participantJoined', 'participantLeft', 'participantUpdated',
    'participantInterrupted', 'participantResumed', 'localParticipantUpdated', 'roleChanged', 'permissionsChanged',
    'tokenWillExpire', 'trackPublished', 'trackUnpublished', 'trackMuted', 'trackStarted', 'trackStopped',
    'trackSubscribed', 'subscribeStateChanged', 'localTrackPublished', 'localTrackUnpublished', 'localTrackEnded',
    'publishStateChanged', 'localTrackMuted', 'activeSpeakersChanged', 'activeSpeakerChanged', 'audioLevels',
    'networkQuality', 'dataReceived', 'messageReceived', 'metadataReceived', 'warning',
  ];
  const log = [];
  const pictures = {};
  const decoded = new Map();
  let waiters = [];
  let sdk;

  /** An event as plain values. */
  function plain(event) {
    const result = {};
    for (const [key, value] of Object.entries(event)) {
      if (value === undefined || value === null) result[key] = null;
      else if (key === 'participant' && value.id !== undefined) result[key] = value.id;
      else if (key === 'speakers') result[key] = value.map((one) => one.id);
      else if (key === 'track') {
        result[key] = value.id;
        result.source ??= value.source;
        result.kind ??= value.kind;
      } else if (key === 'error') result[key] = value.code;
      else if (value instanceof Uint8Array) result[key] = new TextDecoder().decode(value);
      else if (value instanceof Date) result[key] = value.getTime() / 1000;
      else result[key] = value;
    }
    // What comes with the event must be true when it comes.
    if (event.participant?.metadata !== undefined) result.metadata = event.participant.metadata;
    return result;
  }

  function note(name, event) {
    log.push({ name, at: Date.now(), ...event });
    waiters = waiters.filter((waiter) => !waiter());
  }

  async function load() {
    sdk = await import('/martlet.js');
    window.room = new sdk.Room();
    for (const name of names) room.on(name, (event) => note(name, plain(event)));
    setInterval(look, 100);
  }

  /** Decoded frames of each participant's pictures, from the browser's own counters. */
  async function look() {
    const at = Date.now();
    const counts = new Map();
    for (const connection of window.testConnections) {
      if (connection.connectionState === 'closed') continue;
      (await connection.getStats()).forEach((entry) => {
        if (entry.type === 'inbound-rtp' && entry.kind === 'video') {
          counts.set(entry.trackIdentifier, entry.framesDecoded || 0);
        }
      });
    }
    for (const participant of room.remoteParticipants.values()) {
      for (const track of participant.tracks.values()) {
        const id = track.mediaStreamTrack?.id;
        if (track.kind !== 'video' || !counts.has(id)) continue;
        const before = decoded.get(id) ?? 0;
        decoded.set(id, counts.get(id));
        if (counts.get(id) <= before) continue;
        (pictures[`${participant.id}/${track.source}`] ??= []).push([at, counts.get(id) - before]);
      }
    }
  }

  /** A camera of its own that moves, of any size. */
  function canvas(width = 160, height = 120, framesPerSecond = 15) {
    const element = document.createElement('canvas');
    Object.assign(element, { width, height });
    const pen = element.getContext('2d');
    setInterval(() => {
      pen.fillStyle = `hsl(${(performance.now() / 20) % 360} 80% 50%)`;
      pen.fillRect(0, 0, width, height);
    }, 1000 / framesPerSecond);
    return element.captureStream(framesPerSecond).getVideoTracks()[0];
  }

  /** Sound of its own: a tone of that loudness, 0 to 1. */
  async function tone(gain) {
    const context = new AudioContext();
    await context.resume();
    const source = new OscillatorNode(context, { frequency: 440 });
    const volume = new GainNode(context, { gain });
    const target = context.createMediaStreamDestination();
    source.connect(volume).connect(target);
    source.start();
    return target.stream.getAudioTracks()[0];
  }

  /** What an async function gives, or the code of its error. */
  async function attempt(work) {
    try {
      return { value: await work() };
    } catch (error) {
      return { code: error.code, name: error.name, retryAfter: error.retryAfterMilliseconds, message: error.message };
    }
  }

  function matches(entry, name, fields) {
    if (entry.name !== name) return false;
    return Object.entries(fields).every(([key, value]) => JSON.stringify(entry[key]) === JSON.stringify(value));
  }

  /** The first event from a place of the log on that has these fields, or null. */
  function wait(name, fields, since, milliseconds) {
    return new Promise((resolve) => {
      let looked = since;
      const check = () => {
        for (; looked < log.length; looked += 1) {
          if (matches(log[looked], name, fields)) {
            resolve(log[looked]);
            return true;
          }
        }
        return false;
      };
      if (check()) return;
      waiters.push(check);
      setTimeout(() => {
        waiters = waiters.filter((one) => one !== check);
        resolve(null);
      }, milliseconds);
    });
  }

  /** Whom one sees and what of them, and oneself. */
  function state() {
    const tracks = (all) =>
      [...all].map(({ id, source, isMuted, subscribeState }) => ({ id, source, isMuted, subscribeState }));
    return {
      state: room.connectionState,
      reason: room.connectionReason,
      me: room.localParticipant?.id ?? null,
      own: tracks(room.localTracks.values()),
      others: Object.fromEntries(
        [...room.remoteParticipants.values()].map((one) => [
          one.id,
          { name: one.name, metadata: one.metadata ?? null, interrupted: one.isInterrupted, role: one.role,
            tracks: tracks(one.tracks.values()) },
        ]),
      ),
    };
  }

  /** Packets that every sending section has sent so far, by kind. */
  async function sent() {
    const result = { audio: 0, video: 0 };
    for (const connection of window.testConnections) {
      if (connection.connectionState === 'closed') continue;
      (await connection.getStats()).forEach((entry) => {
        if (entry.type === 'outbound-rtp') result[entry.kind] += entry.packetsSent;
      });
    }
    return result;
  }

  return { load, log, pictures, canvas, tone, attempt, wait, state, sent, sdk: () => sdk };
})();
