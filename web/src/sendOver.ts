// What leaves by a section of the peer connection.
// SPDX-License-Identifier: Apache-2.0

/** Sends a track over a section, or nothing. */
export async function sendOver(
  section: RTCRtpTransceiver,
  media: MediaStreamTrack | null,
): Promise<void> {
  try {
    await section.sender.replaceTrack(media);
  } catch (error) {
    // Of a peer connection that is closed: nothing leaves it, and the next one is told anew.
    if ((error as DOMException).name !== 'InvalidStateError') throw error;
  }
}
