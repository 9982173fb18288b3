// The buttons under the stage, and their keys.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from '../src/index';
import type { Room, TrackSource } from '../src/index';
import { byID, toast } from './dom';

/** How the camera is opened when it is switched on. */
export interface CameraSize {
  width?: number;
  height?: number;
}

/** Connects the buttons with the room. */
export class Controls {
  readonly #room: Room;
  readonly #camera: CameraSize;
  readonly #microphoneButton = byID<HTMLButtonElement>('microphone-button');
  readonly #cameraButton = byID<HTMLButtonElement>('camera-button');
  readonly #screenButton = byID<HTMLButtonElement>('screen-button');

  constructor(room: Room, camera: CameraSize) {
    this.#room = room;
    this.#camera = camera;
    this.#screenButton.hidden = typeof navigator.mediaDevices?.getDisplayMedia !== 'function';
    this.#microphoneButton.addEventListener('click', () => this.toggleMicrophone());
    this.#cameraButton.addEventListener('click', () => this.toggleCamera());
    this.#screenButton.addEventListener('click', () => this.toggleScreen());
    byID('leave-button').addEventListener('click', () => void room.leave());
    document.addEventListener('keydown', (event) => this.#key(event));
    const update = () => this.update();
    room.on('localTrackPublished', update);
    room.on('localTrackMuted', update);
    room.on('localTrackUnpublished', update);
    room.on('connectionStateChanged', update);
    room.on('localTrackUnpublished', ({ track, reason }) => {
      if (reason === 'ended' && track.source !== 'screen' && track.source !== 'screenAudio') {
        toast(`Your ${track.source} was disconnected.`);
      }
    });
  }

  /** Switches the microphone on or off. */
  toggleMicrophone(): Promise<void> {
    return this.#work(this.#microphoneButton, async () => {
      const track = this.#room.localTrack('microphone');
      if (!track) await this.#room.publishMicrophone();
      else if (track.isMuted) await this.#room.unmute(track);
      else await this.#room.mute(track);
    });
  }

  /** Switches the camera on or off; off closes it, so that its light goes out. */
  toggleCamera(): Promise<void> {
    return this.#work(this.#cameraButton, async () => {
      const track = this.#room.localTrack('camera');
      if (!track) await this.#room.publishCamera(this.#camera);
      else if (track.isMuted) await this.#room.unmute(track);
      else await this.#room.mute(track, { releaseDevice: true });
    });
  }

  /** Starts or ends sharing the screen. */
  toggleScreen(): Promise<void> {
    return this.#work(this.#screenButton, async () => {
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
    this.#press(this.#microphoneButton, this.#isOn('microphone'));
    this.#press(this.#cameraButton, this.#isOn('camera'));
    this.#press(this.#screenButton, this.#isOn('screen'));
  }

  #isOn(source: TrackSource): boolean {
    return this.#room.localTrack(source)?.isMuted === false;
  }

  #press(button: HTMLButtonElement, isOn: boolean): void {
    button.setAttribute('aria-pressed', String(isOn));
  }

  async #work(button: HTMLButtonElement, work: () => Promise<void>): Promise<void> {
    if (button.disabled) return;
    const hadFocus = document.activeElement === button;
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      if (this.#room.connectionState === 'connected') toast((error as Error).message);
    } finally {
      button.disabled = false;
      // A disabled button loses the focus, which keyboard users would have to find again.
      if (hadFocus) button.focus();
      this.update();
    }
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement | null;
    if (this.#room.connectionState !== 'connected' || event.repeat) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target?.closest('input, select, textarea, dialog')) return;
    switch (event.key.toLowerCase()) {
      case 'm':
        void this.toggleMicrophone();
        break;
      case 'v':
        void this.toggleCamera();
        break;
      case 's':
        if (!this.#screenButton.hidden) void this.toggleScreen();
        break;
      default:
    }
  }
}
