// The dialog in which microphone, camera and loudspeaker are chosen.
// SPDX-License-Identifier: Apache-2.0
import type { Device, DeviceKind, Room } from '../src/index';
import { byID, toast } from './dom';

const kinds: readonly DeviceKind[] = ['audioinput', 'videoinput', 'audiooutput'];
const names: Record<DeviceKind, string> = {
  audioinput: 'Microphone',
  videoinput: 'Camera',
  audiooutput: 'Loudspeaker',
};

/** Connects the dialog with the room. */
export class DeviceDialog {
  readonly #room: Room;
  readonly #dialog = byID<HTMLDialogElement>('devices-dialog');

  constructor(room: Room) {
    this.#room = room;
    byID('devices-button').addEventListener('click', () => {
      void this.#fill();
      this.#dialog.showModal();
    });
    for (const kind of kinds) {
      const select = this.#select(kind);
      select.addEventListener('change', () => void this.#choose(kind, select.value));
    }
    room.on('devicesChanged', () => void this.#fill());
    room.on('connectionStateChanged', ({ to }) => {
      if (to === 'disconnected') this.#dialog.close();
    });
  }

  async #fill(): Promise<void> {
    const devices = await this.#room.listDevices();
    for (const kind of kinds) {
      this.#fillSelect(kind, devices.filter((device) => device.kind === kind));
    }
  }

  #fillSelect(kind: DeviceKind, devices: readonly Device[]): void {
    const select = this.#select(kind);
    const options = devices.map((device, index) => {
      const option = document.createElement('option');
      option.value = device.deviceId;
      option.textContent = device.label || `${names[kind]} ${index + 1}`;
      return option;
    });
    if (options.length === 0) {
      const none = document.createElement('option');
      none.textContent = kind === 'audiooutput' ? 'Chosen by the system' : 'None found';
      options.push(none);
    }
    select.replaceChildren(...options);
    select.disabled = devices.length === 0;
    const active = this.#room.activeDevice(kind);
    if (active && devices.some((device) => device.deviceId === active)) select.value = active;
  }

  async #choose(kind: DeviceKind, deviceId: string): Promise<void> {
    try {
      await this.#room.switchDevice(kind, deviceId);
    } catch (error) {
      toast((error as Error).message);
      await this.#fill();
    }
  }

  #select(kind: DeviceKind): HTMLSelectElement {
    return byID<HTMLSelectElement>(`device-${kind}`);
  }
}
