// The test page: joins a room and connects stage, controls, devices and figures with it.
// SPDX-License-Identifier: Apache-2.0
import { Room } from '../src/index';
import type { ChangeReason, JoinOptions, RoomStatistics } from '../src/index';
import { Controls } from './Controls';
import { DeviceDialog } from './DeviceDialog';
import { byID, toast } from './dom';
import { bitRateText, lossText, millisecondsText } from './figures';
import { inviteLink, readParameters } from './parameters';
import { Stage } from './Stage';

const nameKey = 'martlet.name';
const figuresMilliseconds = 1000;
/** From this loss or round trip on a figure is marked. */
const lossMarked = 0.03;
const roundTripMarkedMilliseconds = 300;

const parameters = readParameters(location.search);
const room = new Room();
// For tests and for the curious: the SDK's object behind the page.
(window as { martletRoom?: Room }).martletRoom = room;

const cameraSize = {
  ...(parameters.width && { width: parameters.width }),
  ...(parameters.height && { height: parameters.height }),
};
const stage = new Stage(room, () => void copyInvite());
const controls = new Controls(room, cameraSize);
new DeviceDialog(room);

const form = byID<HTMLFormElement>('join-form');
const roomInput = byID<HTMLInputElement>('room-name');
const nameInput = byID<HTMLInputElement>('display-name');
const joinButton = byID<HTMLButtonElement>('join-button');
const notice = byID('join-notice');
const withMicrophone = byID<HTMLInputElement>('with-microphone');
const withCamera = byID<HTMLInputElement>('with-camera');
const soundBanner = byID('sound-banner');

// MARK: Joining

async function join(): Promise<void> {
  const roomName = roomInput.value.trim();
  const name = nameInput.value.trim();
  notice.hidden = true;
  joinButton.disabled = true;
  joinButton.textContent = 'Joining…';
  remember(name);
  const options: JoinOptions = { room: roomName, name, simulcast: parameters.simulcast };
  if (parameters.url) options.url = parameters.url;
  if (parameters.token) options.token = parameters.token;
  if (parameters.participant) options.participant = parameters.participant;
  if (parameters.codec) options.videoCodec = parameters.codec;
  try {
    await room.join(options);
  } catch (error) {
    showNotice((error as Error).message);
    return;
  } finally {
    joinButton.disabled = false;
    joinButton.textContent = 'Join';
  }
  enter(roomName);
  // One after the other, so that the browser asks one question at a time.
  if (withMicrophone.checked) await controls.toggleMicrophone();
  if (withCamera.checked) await controls.toggleCamera();
}

function enter(roomName: string): void {
  const link = inviteLink(location.href, roomName);
  byID('room-title').textContent = roomName;
  document.title = `${roomName} · Martlet`;
  stage.setInviteLink(link);
  document.body.dataset['view'] = 'call';
  // A reload comes back to the same room.
  const address = new URL(location.href);
  address.searchParams.set('room', roomName);
  history.replaceState(null, '', address);
  stage.update();
  controls.update();
}

function showNotice(message: string): void {
  notice.textContent = message;
  notice.hidden = false;
}

function remember(name: string): void {
  try {
    localStorage.setItem(nameKey, name);
  } catch {
    // Without storage the name is asked for again.
  }
}

function rememberedName(): string {
  try {
    return localStorage.getItem(nameKey) ?? '';
  } catch {
    return '';
  }
}

// MARK: The call ends

const farewells: Partial<Record<ChangeReason, string>> = {
  signalLost: 'The connection to the server was lost. Join again when the network is back.',
  mediaLost: 'Audio and video no longer reach the server. Check the network and join again.',
  duplicateIdentity: 'You joined this room somewhere else.',
  kicked: 'You were removed from the room.',
  roomClosed: 'The room was closed.',
  serverShutdown: 'The server is restarting. Join again in a moment.',
  tokenExpired: 'Your access has run out. Ask for a new link.',
};

room.on('connectionStateChanged', ({ to, reason }) => {
  document.body.dataset['connection'] = to;
  if (to !== 'disconnected') return;
  document.body.dataset['view'] = 'join';
  document.title = 'Martlet';
  soundBanner.hidden = true;
  stage.update();
  const message = farewells[reason];
  if (message) showNotice(message);
});

// MARK: Inviting

async function copyInvite(): Promise<void> {
  const link = inviteLink(location.href, room.name ?? roomInput.value);
  try {
    await navigator.clipboard.writeText(link);
    toast('The link is copied. Send it to the person you want to talk to.');
  } catch {
    // Pages without HTTPS may not write to the clipboard.
    window.prompt('Copy this link:', link);
  }
}

byID('invite-button').addEventListener('click', () => void copyInvite());

// MARK: Sound, people, figures

room.on('audioPlaybackBlocked', () => (soundBanner.hidden = false));
room.on('audioPlaybackStarted', () => (soundBanner.hidden = true));
byID('sound-button').addEventListener('click', () => void room.startAudio());

room.on('participantJoined', ({ participant }) => toast(`${participant.name} came in.`));
room.on('participantLeft', ({ participant, reason }) =>
  toast(
    reason === 'timeout' || reason === 'networkLost'
      ? `${participant.name} lost the connection.`
      : `${participant.name} left.`,
  ),
);

function showFigures(figures: RoomStatistics | undefined): void {
  const loss = worse(figures?.lossUp, figures?.lossDown);
  const roundTrip = figures?.roundTripMilliseconds;
  figure('figure-up', bitRateText(figures?.bitsPerSecondUp));
  figure('figure-down', bitRateText(figures?.bitsPerSecondDown));
  figure('figure-loss', lossText(loss), (loss ?? 0) >= lossMarked);
  const isSlow = (roundTrip ?? 0) >= roundTripMarkedMilliseconds;
  figure('figure-round-trip', millisecondsText(roundTrip), isSlow);
}

function figure(id: string, text: string, isBad = false): void {
  const element = byID(id);
  if (element.textContent !== text) element.textContent = text;
  element.dataset['level'] = isBad ? 'bad' : 'good';
}

function worse(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

setInterval(() => {
  if (room.connectionState === 'connected') void room.stats().then(showFigures);
}, figuresMilliseconds);

// MARK: Start

roomInput.value = parameters.room ?? 'lobby';
nameInput.value = parameters.name ?? rememberedName();
withMicrophone.checked = parameters.microphone;
withCamera.checked = parameters.camera;
if (!window.isSecureContext) {
  showNotice('Camera and microphone need HTTPS; you can still watch and listen.');
}
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void join();
});
if (parameters.autojoin) {
  if (!nameInput.value) nameInput.value = 'Guest';
  void join();
} else if (!nameInput.value) {
  nameInput.focus();
} else {
  joinButton.focus();
}
