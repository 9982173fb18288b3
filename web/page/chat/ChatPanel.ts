// The chat: writing to all or to one, reading, and what the room tells.
// SPDX-License-Identifier: Apache-2.0
import type { ReceivedMessage, Room } from '../../src/index';
import { byID, clearToasts, setAttribute, setText, toast } from '../dom';
import { displayName, NameBook } from '../names';
import { ChatLines } from './ChatLines';
import { badgeText } from './chatLog';
import { Chronicle } from './Chronicle';
import { bytesOf, messageBytesMax, sizeHint } from './messageSize';
import { Outbox, outboxMax } from './Outbox';
import { RecipientChooser } from './RecipientChooser';

/** Connects the panel with the room. */
export class ChatPanel {
  readonly #room: Room;
  readonly #names = new NameBook();
  readonly #chooser: RecipientChooser;
  readonly #lines: ChatLines;
  readonly #outbox: Outbox;
  readonly #input = byID<HTMLTextAreaElement>('chat-input');
  readonly #hint = byID('chat-hint');
  readonly #badge = byID('chat-badge');
  #isShown = false;
  #roomName: string | undefined;

  constructor(room: Room) {
    this.#room = room;
    this.#chooser = new RecipientChooser(room, this.#names, () => this.#update());
    this.#lines = new ChatLines({
      reply: (id) => {
        this.#chooser.choose(id);
        this.#input.focus();
      },
      retry: (message) => this.#outbox.retry(message),
      edit: ({ content }) => {
        if (!this.#input.value) this.#input.value = content;
        this.#input.focus();
        this.#update();
      },
    });
    this.#outbox = new Outbox({
      send: (message) => room.sendMessage(message),
      wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      newID: () => `c-${Math.random().toString(36).slice(2, 14)}`,
      changed: (message) => this.#lines.updateDelivery(message, this.#isBroken),
    });
    new Chronicle(room, (text) => this.#tell(text));
    this.#listen();
    this.#listenToForm();
  }

  /** Whether the chat is on the screen. */
  set isShown(value: boolean) {
    this.#isShown = value;
    this.#lines.isShown = value;
    this.#showUnread();
    if (!value) return;
    // The chat tells the same.
    clearToasts();
    this.#update();
    // On a phone the keyboard would come with it and hide what one wants to read.
    if (!matchMedia('(pointer: coarse)').matches) this.#input.focus();
  }

  get #isBroken(): boolean {
    return this.#room.connectionState === 'reconnecting';
  }

  #listen(): void {
    const room = this.#room;
    room.on('messageReceived', (message) => this.#receive(message));
    room.on('participantJoined', ({ participant }) => this.#know(participant));
    room.on('participantUpdated', ({ participant }) => this.#know(participant));
    room.on('participantLeft', () => this.#update());
    room.on('permissionsChanged', () => this.#update());
    room.on('connectionStateChanged', ({ to, reason }) => {
      if (reason === 'joined') this.#begin();
      if (to === 'disconnected') this.#outbox.clear();
      this.#lines.updateDeliveries(this.#isBroken);
      this.#update();
    });
  }

  #listenToForm(): void {
    const form = byID<HTMLFormElement>('chat-form');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener('input', () => this.#update());
    this.#input.addEventListener('keydown', (event) => {
      // With a shift it begins a line, and while a sign is being composed it ends that.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
  }

  /** In another room nothing of the former one is shown; in the same one it stays. */
  #begin(): void {
    if (this.#room.name !== this.#roomName) {
      this.#roomName = this.#room.name;
      this.#lines.clear();
      this.#names.clear();
    } else {
      this.#tell('You joined again; what was said meanwhile is not shown.');
    }
    for (const { id, name } of this.#room.remoteParticipants.values()) this.#names.note(id, name);
    this.#chooser.choose(undefined);
    this.#showUnread();
  }

  #know({ id, name }: { id: string; name: string }): void {
    this.#names.note(id, name);
    this.#update();
  }

  #tell(text: string): void {
    this.#lines.add({ kind: 'system', text, at: new Date() });
    if (!this.#isShown) toast(text);
  }

  #receive({ id, participant, participantID: from, toAll, content: text }: ReceivedMessage): void {
    if (this.#lines.isKnown({ from, id })) return;
    if (participant) this.#names.note(participant.id, participant.name);
    const name = from === undefined ? 'The server' : this.#names.nameOf(from);
    const privateTo = toAll ? undefined : 'you';
    this.#lines.add({ kind: 'message', from, name, id, text, at: new Date(), privateTo });
    this.#showUnread();
  }

  #send(): void {
    const text = this.#input.value.trim();
    if (!text || this.#refusal(text)) {
      this.#update();
      return;
    }
    const to = this.#chooser.chosen;
    const privateTo = to === undefined ? undefined : this.#names.nameOf(to);
    const outgoing = this.#outbox.add(text, to);
    const from = this.#room.localParticipant?.id;
    const name = displayName(this.#room.localParticipant?.name ?? '', 'You');
    this.#lines.add({ kind: 'message', from, name, text, at: new Date(), privateTo, outgoing });
    this.#lines.updateDelivery(outgoing, this.#isBroken);
    this.#input.value = '';
    this.#update();
  }

  /** Why this cannot be sent now; empty where it can. */
  #refusal(text: string): string {
    if (this.#room.localParticipant?.grants?.data === false) {
      return 'You may read here, but not write.';
    }
    if (bytesOf(text) > messageBytesMax) return sizeHint(text);
    if (this.#outbox.isFull) return `${outboxMax} messages wait already; wait until some are sent.`;
    return '';
  }

  #update(): void {
    this.#chooser.update();
    const text = this.#input.value.trim();
    const refusal = this.#refusal(text);
    let hint = refusal || sizeHint(text);
    if (!hint && this.#isBroken) hint = 'What you write is sent when the connection is back.';
    if (!hint && !this.#chooser.isHere) hint = 'That person is not in the list of people.';
    setText(this.#hint, hint);
    this.#hint.hidden = !hint;
    this.#hint.classList.toggle('is-refusal', refusal !== '');
    setAttribute(this.#input, 'aria-invalid', refusal && text ? 'true' : undefined);
    byID<HTMLButtonElement>('chat-send').disabled = !text || refusal !== '';
    byID('chat-form').classList.toggle('is-private', this.#chooser.chosen !== undefined);
    this.#grow();
  }

  /** The input is as high as its text, up to what its style allows. */
  #grow(): void {
    this.#input.style.height = 'auto';
    if (this.#isShown) this.#input.style.height = `${this.#input.scrollHeight + 2}px`;
  }

  #showUnread(): void {
    const { unread } = this.#lines;
    this.#badge.hidden = unread === 0;
    setText(this.#badge, badgeText(unread));
    const label = unread === 0 ? 'Chat' : `Chat, ${unread} unread`;
    setAttribute(byID('chat-button'), 'aria-label', label);
  }
}
