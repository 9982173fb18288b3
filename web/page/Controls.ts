// The buttons for microphone, camera and screen.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from '../src/index';
import type { Room, TrackSource } from '../src/index';
import { byID, setAttribute, toast } from './dom';

/** How the camera is opened when it is switched on. */
export interface CameraSize {
  width?: number;
  height?: number;
}

/** Connects the buttons with the room. */
export class Controls {
  readonly #room: Room;
  readonly #camera: CameraSize;
  readonly #buttons = {
    microphone: byID<HTMLButtonElement>('microphone-button'),
    camera: byID<HTMLButtonElement>('camera-button'),
    screen: byID<HTMLButtonElement>('screen-button'),
  };

  constructor(room: Room, camera: CameraSize) {
    this.#room = room;
    this.#camera = camera;
    const { microphone, camera: cameraButton, screen } = this.#buttons;
    screen.hidden = typeof navigator.mediaDevices?.getDisplayMedia !== 'function';
    microphone.addEventListener('click', () => this.toggleMicrophone());
    cameraButton.addEventListener('click', () => this.toggleCamera());
    screen.addEventListener('click', () => this.toggleScreen());
    byID('leave-button').addEventListener('click', () => void room.leave());
    const update = () => this.update();
    room.on('localTrackPublished', update);
    room.on('localTrackMuted', update);
    room.on('localTrackUnpublished', update);
    room.on('connectionStateChanged', update);
    room.on('roleChanged', update);
    room.on('permissionsChanged', update);
    room.on('localTrackUnpublished', ({ track, reason }) => {
      const device = deviceNames[track.source];
      if (!device) return;
      if (reason === 'ended') toast(`Your ${device} was disconnected.`);
      if (reason === 'notPermitted') toast(`You may not use your ${device} here any more.`);
    });
    room.on('warning', ({ message }) => toast(message));
  }

  /** Switches the microphone on or off. */
  toggleMicrophone(): Promise<void> {
    return this.#work('microphone', async () => {
      const track = this.#room.localTrack('microphone');
      if (!track) await this.#room.publishMicrophone();
      else if (track.isMuted) await this.#room.unmute(track);
      else await this.#room.mute(track);
    });
  }

  /** Switches the camera on or off; off closes it, so that its light goes out. */
  toggleCamera(): Promise<void> {
    return this.#work('camera', async () => {
      const track = this.#room.localTrack('camera');
      if (!track) await this.#room.publishCamera(this.#camera);
      else if (track.isMuted) await this.#room.unmute(track);
      else await this.#room.mute(track, { releaseDevice: true });
    });
  }

  /** Starts or ends sharing the screen. */
  toggleScreen(): Promise<void> {
    return this.#work('screen', async () => {
      const tracks = [this.#room.localTrack('screen'), this.#room.localTrack('screenAudio')];
      if (tracks[0]) {
        for (const track of tracks) if (track) await this.#room.unpublish(track);
        return;
      }
      try {
        await this.#room.publishScreen({ audio: true });
      } catch (error) {
        // Who closes the browser's choice has changed his mind; that is no error.
        if (!(error instanceof MartletError && error.is('deviceDenied'))) throw error;
      }
    });
  }

  /** Makes the buttons what the room is now. */
  update(): void {
    for (const source of ['microphone', 'camera', 'screen'] as const) {
      const button = this.#buttons[source];
      const mayPublish = this.#mayPublish(source);
      const isOn = mayPublish && this.#room.localTrack(source)?.isMuted === false;
      button.setAttribute('aria-pressed', String(isOn));
      // Not `disabled`: readers and pointers are to learn why.
      setAttribute(button, 'aria-disabled', mayPublish ? undefined : 'true');
      button.title = mayPublish ? titles[source] : this.#refusal();
    }
  }

  #mayPublish(source: TrackSource): boolean {
    return this.#room.localParticipant?.canPublish(source) ?? true;
  }

  #refusal(): string {
    return this.#room.localParticipant?.role === 'audience'
      ? 'You are in the audience: only hosts are seen and heard.'
      : 'Your access to this room does not allow it.';
  }

  async #work(source: keyof typeof titles, work: () => Promise<void>): Promise<void> {
    const button = this.#buttons[source];
    if (button.disabled || button.hidden) return;
    if (!this.#mayPublish(source)) {
      toast(this.#refusal());
      return;
    }
    const hadFocus = document.activeElement === button;
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      if (this.#room.connectionState !== 'disconnected') toast((error as Error).message);
    } finally {
      button.disabled = false;
      // A disabled button loses the focus, which keyboard users would have to find again.
      if (hadFocus) button.focus();
      this.update();
    }
  }
}

const titles = {
  microphone: 'Microphone (M)',
  camera: 'Camera (V)',
  screen: 'Share the screen (S)',
} as const;

const deviceNames: { readonly [Source in TrackSource]?: string } = {
  microphone: 'microphone',
  camera: 'camera',
};
