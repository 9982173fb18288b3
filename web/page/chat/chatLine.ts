// One line of the chat as an element. Everything others wrote goes in as text.
// SPDX-License-Identifier: Apache-2.0
import { fromTemplate, make, part, setText } from '../dom';
import type { ChatEntry, MessageEntry } from './chatLog';
import { deliveryText } from './Outbox';
import type { Outgoing } from './Outbox';

/** What the buttons of a line do. */
export interface LineActions {
  /** Writes to the sender alone. */
  reply(id: string): void;
  retry(message: Outgoing): void;
  /** Takes a text that was too long back into the input. */
  edit(message: Outgoing): void;
}

/** A text with more of either is folded until one asks for all of it. */
const foldedLength = 700;
const foldedLines = 12;

/** The element of a line. */
export function lineElement(entry: ChatEntry, actions: LineActions): HTMLElement {
  if (entry.kind === 'system') {
    const line = make('p', 'line is-system');
    line.append(make('span', '', entry.text), ' ', timeElement(entry.at));
    return line;
  }
  return messageElement(entry, actions);
}

/** Shows how far one's own message is. */
export function showDelivery(line: HTMLElement, message: Outgoing, isBroken: boolean): void {
  const { delivery } = message;
  const text = deliveryText(delivery, isBroken);
  line.dataset['delivery'] = delivery.type;
  const state = part<HTMLElement>(line, '.delivery');
  state.hidden = !text;
  setText(part(state, 'span'), text);
  const isFailed = delivery.type === 'failed';
  const isTooLong = isFailed && delivery.isTooLong === true;
  part<HTMLElement>(state, '.retry').hidden = !isFailed || isTooLong;
  part<HTMLElement>(state, '.edit').hidden = !isTooLong;
}

function messageElement(entry: MessageEntry, actions: LineActions): HTMLElement {
  const line = fromTemplate<HTMLElement>('message-template');
  const { from, name, text, at, privateTo, outgoing } = entry;
  line.classList.toggle('is-own', outgoing !== undefined);
  line.classList.toggle('is-private', privateTo !== undefined);
  const sender = part<HTMLButtonElement>(line, '.sender');
  sender.textContent = outgoing ? 'You' : name;
  if (outgoing || from === undefined) sender.disabled = true;
  else {
    sender.title = `Write to ${name} alone`;
    sender.addEventListener('click', () => actions.reply(from));
  }
  const recipient = part<HTMLElement>(line, '.recipient');
  recipient.hidden = privateTo === undefined;
  recipient.textContent = privateTo === undefined ? '' : `to ${privateTo} only`;
  part(line, '.time').append(timeElement(at));
  const body = part<HTMLElement>(line, '.text');
  body.textContent = text;
  if (text.length > foldedLength || text.split('\n', foldedLines + 1).length > foldedLines) {
    fold(line, body);
  }
  if (outgoing) {
    part(line, '.retry').addEventListener('click', () => actions.retry(outgoing));
    part(line, '.edit').addEventListener('click', () => actions.edit(outgoing));
    showDelivery(line, outgoing, false);
  }
  return line;
}

function fold(line: HTMLElement, body: HTMLElement): void {
  line.classList.add('is-folded');
  const button = part<HTMLButtonElement>(line, '.unfold');
  button.hidden = false;
  button.addEventListener('click', () => {
    const isFolded = line.classList.toggle('is-folded');
    button.textContent = isFolded ? 'Show all' : 'Show less';
    button.setAttribute('aria-expanded', String(!isFolded));
    if (isFolded) body.scrollIntoView({ block: 'nearest' });
  });
}

function timeElement(at: Date): HTMLTimeElement {
  const time = make('time', '', at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  time.dateTime = at.toISOString();
  time.title = at.toLocaleString();
  return time;
}
