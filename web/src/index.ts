// The browser SDK of Martlet: what an application may use.
// SPDX-License-Identifier: Apache-2.0
export { Room } from './Room';
export type { CallInfo } from './callInfo';
export type { OutgoingMessage, SentMessage } from './outgoingMessage';
export type { DeviceSource, JoinOptions } from './joinOptions';
export type { AutoSubscribe } from './clientMessages';
export type {
  ReceivedData,
  ReceivedMessage,
  RemoteTrackEvent,
  RoomEvents,
  TrackEndReason,
  UnpublishReason,
  Warning,
} from './RoomEvents';
export type { ListenerOptions } from './Emitter';
export type { MetadataOptions } from './metadataMessage';
export type { MetadataSetup } from './MetadataChannel';
export { MartletError } from './MartletError';
export { errorCodes } from './errorCodes';
export type { ErrorName } from './errorCodes';
export { isFailure } from './connectionMoves';
export type {
  ChangeReason,
  ConnectionChange,
  ConnectionState,
  JoinFailure,
  LossReason,
  LostLink,
  SessionEnd,
} from './connectionMoves';
export type { LocalParticipant } from './LocalParticipant';
export type { RemoteParticipant } from './RemoteParticipant';
export type { RemoteTrack, SubscribeState } from './RemoteTrack';
export type { LocalTrack, PublishState } from './LocalTrack';
export type { MuteOptions, PublishOptions } from './publishOptions';
export type { TrackSelection } from './SubscriptionChoices';
export type { DataBytes } from './dataBytes';
export type { DataStream, SendDataOptions } from './DataStream';
export type { DataStreamOptions } from './DataStreams';
export { decibelsOfFullScale, volumePercent } from './audioLevel';
export type { ParticipantLevel } from './audioLevel';
export { gradeLimits, networkGrade } from './networkGrade';
export type { PathFigures } from './networkGrade';
export type { QualityIncident, QualityIncidentCode } from './qualityIncidents';
export type {
  CameraOptions,
  Device,
  DeviceKind,
  MicrophoneOptions,
  ScreenOptions,
} from './capture';
export type { ScalabilityMode, VideoCodec } from './codecPreferences';
export type {
  Attributes,
  AttributesChange,
  DataDelivery,
  Grants,
  GrantsChange,
  LeaveReason,
  MediaPriority,
  NetworkGrade,
  ParticipantChange,
  ParticipantQuality,
  ParticipantRole,
  RoomInfo,
  RoomProfile,
  SelfUpdate,
  TrackKind,
  TrackQuality,
  TrackSource,
  VideoQuality,
} from './messages';
export type { RoomStatistics, StreamStatistics } from './statistics';
