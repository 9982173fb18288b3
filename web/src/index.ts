// The browser SDK of Martlet: what an application may use.
// SPDX-License-Identifier: Apache-2.0
export { Room } from './Room';
export type { JoinOptions, LocalParticipant } from './Room';
export type { RoomEvents, RemoteTrackEvent } from './RoomEvents';
export type { ListenerOptions } from './Emitter';
export { MartletError } from './MartletError';
export { errorCodes } from './errorCodes';
export type { ErrorName } from './errorCodes';
export type {
  ChangeReason,
  ConnectionChange,
  ConnectionState,
  JoinFailure,
  LostLink,
  SessionEnd,
} from './ConnectionStateMachine';
export type { RemoteParticipant } from './RemoteParticipant';
export type { RemoteTrack } from './RemoteTrack';
export type { LocalTrack } from './LocalTrack';
export type { MuteOptions, PublishOptions } from './LocalPublisher';
export type {
  CameraOptions,
  Device,
  DeviceKind,
  MicrophoneOptions,
  ScreenOptions,
} from './capture';
export type { VideoCodec } from './codecPreferences';
export type { LeaveReason, TrackKind, TrackSource } from './messages';
export type { RoomStatistics, StreamStatistics } from './statistics';
