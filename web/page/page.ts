// The page: joins a room and connects everything one sees with it.
// SPDX-License-Identifier: Apache-2.0
import { Room } from '../src/index';
import type { JoinOptions } from '../src/index';
import { Access } from './Access';
import { ChatPanel } from './chat/ChatPanel';
import { ConnectionBanner } from './connection/ConnectionBanner';
import { farewell } from './connection/connectionTexts';
import { FarewellDialog } from './connection/FarewellDialog';
import { TokenBanner } from './connection/TokenBanner';
import { Controls } from './Controls';
import { DeviceDialog } from './DeviceDialog';
import { byID, toast } from './dom';
import { showFigures } from './FiguresBar';
import { JoinForm } from './join/JoinForm';
import type { JoinChoice } from './join/JoinForm';
import { joinProblem, needsToken } from './join/joinProblem';
import { Panels } from './Panels';
import { inviteLink, readParameters } from './parameters';
import { HandButton } from './people/HandButton';
import { PeoplePanel } from './people/PeoplePanel';
import { listenForShortcuts } from './shortcuts';
import { Stage } from './Stage';

const figuresMilliseconds = 1000;

const parameters = readParameters(location.search);
const room = new Room();
// For tests and for the curious: the SDK's object behind the page.
(window as { martletRoom?: Room }).martletRoom = room;

/** Who one was where: joining there again is done as the same person, where no token says who. */
let former: { room: string; participant: string } | undefined;

const access = new Access(parameters, location.href);
const stage = new Stage(room, () => void copyInvite());
const controls = new Controls(room, {
  ...(parameters.width && { width: parameters.width }),
  ...(parameters.height && { height: parameters.height }),
});
const form = new JoinForm(parameters, () => void join());
const farewellDialog = new FarewellDialog(() => void join());
const hand = new HandButton(room);
const people = new PeoplePanel(room);
const chat = new ChatPanel(room);
const panels = new Panels((name, isOpen) => {
  if (name === 'people') people.isShown = isOpen;
  else chat.isShown = isOpen;
});
const soundBanner = byID('sound-banner');
new DeviceDialog(room);
new ConnectionBanner(room);
new TokenBanner(
  room,
  access.canRenew
    ? () => access.renew({ room: room.name ?? '', participant: room.localParticipant?.id })
    : undefined,
);

// MARK: Joining

async function join(): Promise<void> {
  const { choice } = form;
  form.isBusy = true;
  try {
    await room.join(await joinOptions(choice));
  } catch (error) {
    if (needsToken(error)) access.discard();
    form.showNotice(joinProblem(error));
    return;
  } finally {
    form.isBusy = false;
  }
  enter(choice.room);
  const me = room.localParticipant;
  if (me) former = { room: choice.room, participant: me.id };
  // One after the other, so that the browser asks one question at a time. Who comes as one of the
  // audience is asked nothing.
  if (choice.microphone && me?.canPublish('microphone')) await controls.toggleMicrophone();
  if (choice.camera && me?.canPublish('camera')) await controls.toggleCamera();
}

async function joinOptions(choice: JoinChoice): Promise<JoinOptions> {
  const { url, codec, simulcast, svc } = parameters;
  const { room: name, name: displayName, profile, role } = choice;
  const wished = parameters.participant;
  const token = await access.tokenFor({ room: name, name: displayName, participant: wished });
  const known = former?.room === name && !token ? former.participant : undefined;
  const participant = wished ?? known;
  return {
    room: name,
    name: displayName,
    ...(simulcast !== undefined && { simulcast }),
    ...(svc !== undefined && { svc }),
    ...(url && { url }),
    ...(token && { token }),
    ...(participant && { participant }),
    ...(codec && { videoCodec: codec }),
    ...(profile && { profile }),
    ...(role && { role }),
  };
}

function enter(roomName: string): void {
  const link = inviteLink(location.href, roomName);
  byID('room-title').textContent = roomName;
  document.title = `${roomName} · Martlet`;
  stage.setInviteLink(link);
  document.body.dataset['view'] = 'call';
  farewellDialog.close();
  // A reload comes back to the same room.
  const address = new URL(location.href);
  address.searchParams.set('room', roomName);
  history.replaceState(null, '', address);
  stage.update();
  controls.update();
}

room.on('connectionStateChanged', ({ from, to, reason }) => {
  if (to !== 'disconnected') return;
  panels.closeAll();
  document.body.dataset['view'] = 'join';
  document.title = 'Martlet';
  soundBanner.hidden = true;
  if (reason === 'tokenExpired') access.discard();
  // Why joining failed is told beside the form.
  const words = from === 'connecting' ? undefined : farewell(reason, access.canRenew);
  if (words) farewellDialog.show(words);
  else form.focus();
});

// MARK: Inviting

async function copyInvite(): Promise<void> {
  const link = inviteLink(location.href, room.name ?? form.choice.room);
  try {
    await navigator.clipboard.writeText(link);
    toast('The link is copied. Send it to the person you want to talk to.');
  } catch {
    // Pages without HTTPS may not write to the clipboard.
    window.prompt('Copy this link:', link);
  }
}

byID('invite-button').addEventListener('click', () => void copyInvite());

// MARK: Sound, keys, figures

room.on('audioPlaybackBlocked', () => (soundBanner.hidden = false));
room.on('audioPlaybackStarted', () => (soundBanner.hidden = true));
byID('sound-button').addEventListener('click', () => void room.startAudio());

const isInCall = () =>
  room.connectionState === 'connected' || room.connectionState === 'reconnecting';

listenForShortcuts(isInCall, {
  m: () => controls.toggleMicrophone(),
  v: () => controls.toggleCamera(),
  s: () => controls.toggleScreen(),
  h: () => hand.toggle(),
  p: () => panels.toggle('people'),
  c: () => panels.toggle('chat'),
});

setInterval(() => {
  if (!isInCall()) return;
  void room.stats().then((figures) => {
    showFigures(figures);
    stage.setFigures(figures);
  });
}, figuresMilliseconds);

// MARK: Start

if (!window.isSecureContext) {
  form.showNotice('Camera and microphone need HTTPS; you can still watch and listen.');
}
if (parameters.tokenUrl && !access.canRenew) {
  form.showNotice('The address after “tokenUrl=” cannot be used: it must be one of HTTP or HTTPS.');
}
if (parameters.autojoin) void join();
else form.focus();
