// The error codes that server and SDKs share (docs/errors.md), and those of the client alone.
// SPDX-License-Identifier: Apache-2.0

/** Every code by name. 1xxx to 5xxx and 7xxx come from the server, 6xxx from this SDK. */
export const errorCodes = {
  malformedMessage: 1000,
  messageTooLarge: 1001,
  nestingTooDeep: 1002,
  unknownMessageType: 1003,
  invalidArgument: 1004,
  invalidState: 1005,
  invalidRoomName: 1006,
  invalidParticipantID: 1007,
  invalidDisplayName: 1008,
  invalidMetadata: 1009,
  tooManyRequests: 1010,
  notFound: 1011,
  methodNotAllowed: 1012,
  unsupportedMediaType: 1013,
  preconditionFailed: 1014,
  preconditionRequired: 1015,

  tokenRequired: 2000,
  tokenMalformed: 2001,
  tokenAlgorithmRefused: 2002,
  tokenUnknownKey: 2003,
  tokenSignatureInvalid: 2004,
  tokenExpired: 2005,
  tokenNotYetValid: 2006,
  tokenWrongRoom: 2007,
  tokenWrongIdentity: 2008,
  permissionDenied: 2009,

  roomNotFound: 3000,
  roomFull: 3001,
  tooManyRooms: 3002,
  participantNotFound: 3003,
  duplicateIdentity: 3004,
  roomClosed: 3005,
  sessionNotFound: 3006,
  profileMismatch: 3007,
  kicked: 3008,
  banned: 3009,
  roomExists: 3010,
  tooManyBans: 3011,

  invalidOffer: 4000,
  offerTooLarge: 4001,
  sectionNotFound: 4002,
  sectionInUse: 4003,
  trackNotFound: 4004,
  sourceAlreadyPublished: 4005,
  tooManyTracks: 4006,
  noCommonCodec: 4007,
  sourceKindMismatch: 4008,

  internalError: 5000,
  serverOverloaded: 5001,
  serverShuttingDown: 5002,
  connectionTooSlow: 5003,

  /** The WebSocket could not be opened, or closed before the room was joined. */
  linkFailed: 6000,
  /** The link was lost while a request was under way. */
  linkLost: 6001,
  /** The server did not answer `join` in time. */
  joinTimedOut: 6002,
  /** The server did not answer a request in time. */
  requestTimedOut: 6003,
  /** The caller gave up: an AbortSignal fired, or `leave` was called. */
  aborted: 6004,
  /** This browser lacks something the SDK needs, or the page is not a secure context. */
  unsupportedBrowser: 6005,
  /** The user or the browser's policy refused a camera, microphone or screen. */
  deviceDenied: 6006,
  /** There is no such camera or microphone. */
  deviceNotFound: 6007,
  /** The camera or microphone is used by something else, or failed. */
  deviceBusy: 6008,
  /** The SDK's worker could not be loaded. */
  workerFailed: 6009,

  tooManyStreams: 7000,
  streamNotFound: 7001,
  packetTooLarge: 7002,
  dataRateExceeded: 7003,
  deliveryUnsupported: 7004,
  tooManyRecipients: 7005,
} as const;

/** The name of an error code. */
export type ErrorName = keyof typeof errorCodes;
