// A client without any SDK: plain peer connections over WHIP, WHEP and the signalling socket. Tests run it in any
// page of the server, so that nothing but the browser and the documented protocol is between them.
window.bare = (() => {
  const sessions = {};

  async function camera({ width = 640, height = 360, hint = 'detail' } = {}) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height } });
    // Tests compare sizes: a busy machine must cost frames, not pixels.
    for (const track of stream.getVideoTracks()) track.contentHint = hint;
    return stream;
  }

  function watch(session, track, stream) {
    // One element a stream: picture and sound of one participant together.
    let element = session.elements.find((one) => one.srcObject.id === stream.id);
    if (!element) {
      element = document.createElement('video');
      Object.assign(element, { autoplay: true, playsInline: true, srcObject: stream, width: 320 });
      document.body.append(element);
      session.elements.push(element);
    }
    if (track.kind === 'video') {
      const seen = () => {
        session.firstFrame ??= performance.now() - session.started;
        session.shown += 1;
        element.requestVideoFrameCallback(seen);
      };
      element.requestVideoFrameCallback(seen);
    }
  }

  function open(name) {
    const connection = new RTCPeerConnection();
    const session = {
      connection, name, started: performance.now(), elements: [], shown: 0, firstFrame: null, messages: [],
    };
    connection.ontrack = (event) => watch(session, event.track, event.streams[0] ?? new MediaStream([event.track]));
    sessions[name] = session;
    return session;
  }

  async function post(session, url, token, transport) {
    const { connection } = session;
    await connection.setLocalDescription();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: connection.localDescription.sdp,
    });
    session.status = answer.status;
    const body = await answer.text();
    if (answer.status !== 201) {
      connection.close();
      return { status: answer.status, body };
    }
    session.location = new URL(answer.headers.get('Location'), location.href).href;
    session.etag = answer.headers.get('ETag');
    await connection.setRemoteDescription({ type: 'answer', sdp: reached(body, transport) });
    return { status: answer.status, location: session.location, etag: session.etag };
  }

  // An answer as it is where only `transport` gets through: without the candidates of others.
  function reached(sdp, transport) {
    const isOpen = (line) => !transport || !line.startsWith('a=candidate') || line.split(' ')[2] === transport;
    return sdp.split('\r\n').filter(isOpen).join('\r\n');
  }

  // The transport of the pair in use, as the browser names it.
  async function transport(name) {
    const reports = await sessions[name].connection.getStats();
    for (const report of reports.values()) {
      if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
      return reports.get(reports.get(report.selectedCandidatePairId).remoteCandidateId).protocol;
    }
    return null;
  }

  // Publishes camera and microphone by WHIP.
  async function publish(name, url, { token, direction = 'sendonly', width, height, codec, transport } = {}) {
    const stream = await camera({ width, height });
    const session = open(name);
    for (const track of stream.getTracks()) {
      const transceiver = session.connection.addTransceiver(track, { direction, streams: [stream] });
      if (codec && track.kind === 'video') {
        const all = RTCRtpReceiver.getCapabilities('video').codecs;
        transceiver.setCodecPreferences(all.filter((one) => one.mimeType === `video/${codec}`));
      }
    }
    return post(session, url, token, transport);
  }

  // Plays by WHEP: one section for each kind named.
  async function play(name, url, { token, sections = ['audio', 'video'], direction = 'recvonly', transport } = {}) {
    const session = open(name);
    for (const kind of sections) session.connection.addTransceiver(kind, { direction });
    return post(session, url, token, transport);
  }

  // Joins a room over the signalling socket: one section a kind to send, `pairs` pairs of slots to receive.
  function join(name, room, participant, { token, pairs = 2, width, height } = {}) {
    return new Promise(async (resolve, reject) => {
      const stream = await camera({ width, height });
      const session = open(name);
      session.participants = {};
      session.slots = {};
      const { connection } = session;
      for (const track of stream.getTracks().sort((a, b) => a.kind.localeCompare(b.kind))) {
        connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
      }
      for (let pair = 0; pair < pairs; pair += 1) {
        connection.addTransceiver('audio', { direction: 'recvonly' });
        connection.addTransceiver('video', { direction: 'recvonly' });
      }
      await connection.setLocalDescription();
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/v1/signal`);
      session.socket = socket;
      const send = (message) => socket.send(JSON.stringify(message));
      session.send = send;
      socket.onopen = () => send({
        type: 'join', id: 1, room, participant, token, offer: { sdp: connection.localDescription.sdp },
      });
      socket.onclose = (event) => { session.closed = { code: event.code, reason: event.reason }; };
      socket.onmessage = async ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'ping') return send({ type: 'pong' });
        if (message.type !== 'audioLevels') session.messages.push(message);
        switch (message.type) {
          case 'joined':
            for (const one of message.participants) session.participants[one.id] = one;
            for (const slot of message.slots) session.slots[slot.mid] = slot.participant;
            await connection.setRemoteDescription({ type: 'answer', sdp: message.answer.sdp });
            for (const [index, source] of ['microphone', 'camera'].entries()) {
              send({ type: 'publish', id: 2 + index, source, mid: connection.getTransceivers()[index].mid });
            }
            resolve(message.participant.id);
            break;
          case 'participantJoined': session.participants[message.participant.id] = message.participant; break;
          case 'participantLeft': delete session.participants[message.participant]; break;
          case 'trackPublished':
            session.participants[message.participant].tracks.push(message.track);
            break;
          case 'slots':
            for (const one of message.assignments) session.slots[one.mid] = one.participant;
            break;
          case 'error': if (message.id === 1) reject(new Error(data)); break;
        }
      };
    });
  }

  // What a session receives and sends, by section, and what it knows of others.
  async function look(name) {
    const session = sessions[name];
    const video = [];
    const audio = [];
    const sent = {};
    let transport = null;
    for (const entry of (await session.connection.getStats()).values()) {
      if (entry.type === 'inbound-rtp') {
        (entry.kind === 'video' ? video : audio).push({
          mid: entry.mid, packets: entry.packetsReceived, lost: entry.packetsLost,
          frames: entry.framesDecoded ?? 0, width: entry.frameWidth ?? 0, height: entry.frameHeight ?? 0,
          energy: entry.totalAudioEnergy ?? 0, freezes: entry.freezeCount ?? 0,
          repaired: entry.retransmittedPacketsReceived ?? 0,
        });
      } else if (entry.type === 'outbound-rtp') {
        sent[entry.kind] = (sent[entry.kind] ?? 0) + entry.packetsSent;
      } else if (entry.type === 'transport') {
        transport = { dtls: entry.dtlsState, cipher: entry.srtpCipher };
      }
    }
    return {
      state: session.connection.connectionState, video, audio, sent, transport,
      firstFrame: session.firstFrame, shown: session.shown, closed: session.closed ?? null,
      participants: session.participants ?? null, slots: session.slots ?? null,
      messages: session.messages,
    };
  }

  // Any request to the server as a page would make it.
  async function request(method, url, headers = {}, body = undefined) {
    const answer = await fetch(url, { method, headers, body });
    return {
      status: answer.status, headers: Object.fromEntries(answer.headers.entries()), body: await answer.text(),
    };
  }

  function close(name) {
    const session = sessions[name];
    session.socket?.close();
    session.connection.close();
    for (const element of session.elements) element.remove();
  }

  return { sessions, publish, play, join, look, transport, request, close };
})();
