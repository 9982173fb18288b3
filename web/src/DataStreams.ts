// The data streams one has open, over all sessions of a stay in a room.
// SPDX-License-Identifier: Apache-2.0
import type { ClientRequest } from './clientMessages';
import { DataStream } from './DataStream';
import { asMartletError, MartletError } from './MartletError';
import type { DataDelivery } from './messages';

/** How a data stream is opened. */
export interface DataStreamOptions {
  /** How packets arrive; `reliableOrdered` unless given, and the only one this server has. */
  delivery?: DataDelivery;
}

/** What the streams need of the session around them. */
export interface StreamsSurroundings {
  /** Sends a request; answers the stream's number where the reply has one. */
  request(request: ClientRequest): Promise<{ stream?: number }>;
  /** A stream could not be opened again. */
  lost(error: MartletError): void;
}

/** Keeps the streams. */
export class DataStreams {
  readonly #streams = new Set<DataStream>();
  readonly #surroundings: StreamsSurroundings;

  constructor(surroundings: StreamsSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Opens a stream. Rejects with `tooManyStreams`, `deliveryUnsupported`, `permissionDenied`. */
  async open(options: DataStreamOptions): Promise<DataStream> {
    const { delivery = 'reliableOrdered' } = options;
    const { request } = this.#surroundings;
    const { stream: id } = await request({ type: 'openStream', delivery });
    if (id === undefined) {
      throw new MartletError('malformedMessage', 'The server gave the stream no number.');
    }
    const stream = new DataStream(delivery, id, {
      request,
      closed: (one) => this.#streams.delete(one),
    });
    this.#streams.add(stream);
    return stream;
  }

  /** The session is over, another one begins. */
  interrupt(): void {
    for (const stream of this.#streams) stream.interrupt();
  }

  /** Opens every stream anew. */
  async reopen(): Promise<void> {
    for (const stream of [...this.#streams]) {
      await stream.reopen().catch((error) => this.#surroundings.lost(asMartletError(error)));
    }
  }

  /** The stay is over. */
  close(error: MartletError): void {
    for (const stream of [...this.#streams]) stream.end(error);
  }
}
