// The form one joins with: room, name, kind of room, role, devices; and why it did not work.
// SPDX-License-Identifier: Apache-2.0
import type { ParticipantRole, RoomProfile } from '../../src/index';
import { byID } from '../dom';
import type { PageParameters } from '../parameters';

const nameKey = 'martlet.name';

/** What was chosen. */
export interface JoinChoice {
  readonly room: string;
  readonly name: string;
  readonly profile: RoomProfile | undefined;
  readonly role: ParticipantRole | undefined;
  readonly microphone: boolean;
  readonly camera: boolean;
}

/** Connects the form. */
export class JoinForm {
  readonly #room = byID<HTMLInputElement>('room-name');
  readonly #name = byID<HTMLInputElement>('display-name');
  readonly #profile = byID<HTMLSelectElement>('room-profile');
  readonly #role = byID<HTMLSelectElement>('own-role-wish');
  readonly #microphone = byID<HTMLInputElement>('with-microphone');
  readonly #camera = byID<HTMLInputElement>('with-camera');
  readonly #button = byID<HTMLButtonElement>('join-button');
  readonly #notice = byID('join-notice');

  /** `onJoin` is called when the form is sent. */
  constructor(parameters: PageParameters, onJoin: () => void) {
    this.#room.value = parameters.room ?? 'lobby';
    this.#name.value = parameters.name ?? remembered();
    this.#profile.value = parameters.profile ?? '';
    this.#role.value = parameters.role ?? '';
    this.#microphone.checked = parameters.microphone;
    this.#camera.checked = parameters.camera;
    this.#profile.addEventListener('change', () => this.#updateRole());
    this.#updateRole();
    byID('join-form').addEventListener('submit', (event) => {
      event.preventDefault();
      onJoin();
    });
  }

  /** What is chosen now. */
  get choice(): JoinChoice {
    const profile = (this.#profile.value || undefined) as RoomProfile | undefined;
    const role = (this.#role.value || undefined) as ParticipantRole | undefined;
    return {
      room: this.#room.value.trim(),
      name: this.#name.value.trim() || 'Guest',
      profile,
      role: profile === 'communication' ? undefined : role,
      microphone: this.#microphone.checked,
      camera: this.#camera.checked,
    };
  }

  /** Puts the focus where one goes on. */
  focus(): void {
    if (this.#name.value) this.#button.focus();
    else this.#name.focus();
  }

  /** Whether joining is under way. */
  set isBusy(value: boolean) {
    this.#button.disabled = value;
    this.#button.textContent = value ? 'Joining…' : 'Join';
    if (!value) return;
    this.#notice.hidden = true;
    remember(this.#name.value.trim());
  }

  /** Says why one is not in the room. */
  showNotice(message: string): void {
    this.#notice.textContent = message;
    this.#notice.hidden = false;
  }

  /** In a conversation everybody is a host. */
  #updateRole(): void {
    this.#role.disabled = this.#profile.value === 'communication';
  }
}

function remember(name: string): void {
  try {
    localStorage.setItem(nameKey, name);
  } catch {
    // Without storage the name is asked for again.
  }
}

function remembered(): string {
  try {
    return localStorage.getItem(nameKey) ?? '';
  } catch {
    return '';
  }
}
