// How a room is joined, checked before anything is done.
// SPDX-License-Identifier: Apache-2.0
import type { AutoSubscribe, ClientRequest, DataDirection } from './clientMessages';
import { scalabilityModes } from './codecPreferences';
import type { LocalParticipant } from './LocalParticipant';
import { MartletError } from './MartletError';
import { carriesVideo, videoCodecOf } from './MediaConnection';
import type { MediaOptions } from './MediaConnection';
import type {
  Attributes,
  DescriptionBody,
  MediaPriority,
  ParticipantRole,
  RoomProfile,
} from './messages';
import { usualTiming, windowRange } from './sessionTiming';
import type { SessionTiming } from './sessionTiming';

/** What the SDK can open and publish by itself. */
export type DeviceSource = 'microphone' | 'camera';

/** How a room is joined. */
export interface JoinOptions extends MediaOptions {
  /** The server: `https://host` or `wss://host`; on a page of the server itself `location.href`'s
   * origin is taken. */
  url?: string;
  /** The room's name. */
  room: string;
  /** The access token from your own backend; servers in `--dev` need none. */
  token?: string;
  /** The id wished for; with a token it must be the token's. */
  participant?: string;
  /** The name shown to people. */
  name?: string;
  /** Free text for the others. */
  metadata?: string;
  /** Small named texts for the others. */
  attributes?: Attributes;
  /** The profile the room must have, and gets if it comes into being now. */
  profile?: RoomProfile;
  /** The role to begin with, where the token lets one choose. */
  role?: ParticipantRole;
  /** Whether the tracks of others are received as they come, or those of one kind alone; else
   * `subscribe` asks for them. With `mediaKinds: ['audio']` true means `'audio'`. */
  autoSubscribe?: AutoSubscribe;
  /** What is opened and published as soon as one is in: nothing unless given, because browsers
   * then ask the user. `Room.setPublishing` goes before it. */
  publish?: readonly DeviceSource[];
  /** Asks that one's media comes first where there is not enough room for all. */
  priority?: MediaPriority;
  /** Takes high priority from whoever has it. */
  preempt?: boolean;
  /** Whether less of a picture is received where it is shown small or cannot be seen. It is for
   * tracks that `attach` shows, unless this is false. */
  adaptiveStream?: boolean;
  /** `false`: everybody is heard, also where the room lets only the loudest be. */
  audioRanking?: boolean;
  /** Whether data streams are sent and received; both unless given. */
  data?: { publish?: boolean; subscribe?: boolean };
  /** Whether the session is taken up again after a break; it is unless this is false, and then a
   * break means a new session. */
  resume?: boolean;
  /** How long to try to come back after a break, 30 to 50 s; 45 unless given. */
  reconnectWindowSeconds?: number;
  /** How long joining may take; 10 s unless given. */
  timeoutMilliseconds?: number;
  /** Gives up joining when it aborts. */
  signal?: AbortSignal;
}

/** The times of a session joined with these options. */
export function timingOf(options: JoinOptions): Partial<SessionTiming> {
  const { reconnectWindowSeconds, timeoutMilliseconds } = options;
  return {
    ...(reconnectWindowSeconds !== undefined && { window: reconnectWindowSeconds * 1000 }),
    ...(timeoutMilliseconds !== undefined && { joinTimeout: timeoutMilliseconds }),
  };
}

/** Throws `invalidArgument` for options that cannot be meant. */
export function checkJoinOptions(options: JoinOptions): void {
  const { window = usualTiming.window } = timingOf(options);
  if (!(window >= windowRange.min && window <= windowRange.max)) {
    throw new MartletError('invalidArgument', 'reconnectWindowSeconds is 30 to 50.');
  }
  const timeout = options.timeoutMilliseconds;
  if (timeout !== undefined && !(timeout > 0 && Number.isFinite(timeout))) {
    throw new MartletError('invalidArgument', 'timeoutMilliseconds must be above 0.');
  }
  oneOf('autoSubscribe', options.autoSubscribe, [true, false, 'audio', 'video']);
  oneOf('profile', options.profile, ['communication', 'broadcast']);
  oneOf('role', options.role, ['host', 'audience']);
  oneOf('priority', options.priority, ['normal', 'high']);
  for (const source of options.publish ?? []) oneOf('publish', source, ['microphone', 'camera']);
  checkMediaKinds(options);
  checkLayers(options);
  checkPictureMetadata(options);
}

function checkLayers(options: JoinOptions): void {
  const { svc, simulcast } = options;
  oneOf('svc', svc, [true, false, ...scalabilityModes]);
  if (!svc) return;
  if (simulcast) {
    throw new MartletError('invalidArgument', 'simulcast and svc exclude each other.');
  }
  const codec = videoCodecOf(options);
  if (codec !== 'vp9' && codec !== 'av1') {
    throw new MartletError('invalidArgument', 'svc needs the videoCodec vp9 or av1.');
  }
}

function checkPictureMetadata({ pictureMetadata = false }: JoinOptions): void {
  if (typeof pictureMetadata === 'boolean') return;
  const { workerURL = '' } = pictureMetadata;
  if (typeof workerURL === 'string') return;
  throw new MartletError('invalidArgument', 'The workerURL of pictureMetadata is a string.');
}

function checkMediaKinds(options: JoinOptions): void {
  const { mediaKinds, autoSubscribe, publish = [] } = options;
  if (mediaKinds === undefined) return;
  for (const kind of mediaKinds) oneOf('mediaKinds', kind, ['audio', 'video']);
  if (!mediaKinds.includes('audio')) {
    throw new MartletError('invalidArgument', "mediaKinds is ['audio'] or ['audio', 'video'].");
  }
  if (carriesVideo(options)) return;
  if (autoSubscribe === 'video' || publish.includes('camera')) {
    throw new MartletError('invalidArgument', 'Pictures are not among mediaKinds.');
  }
}

/** Which tracks of others are received as they come. */
export function autoSubscribeOf(options: JoinOptions): AutoSubscribe {
  const { autoSubscribe = true } = options;
  return autoSubscribe === true && !carriesVideo(options) ? 'audio' : autoSubscribe;
}

/** The message that joins. */
export function joinRequest(
  options: JoinOptions,
  offer: DescriptionBody,
): Extract<ClientRequest, { type: 'join' }> {
  const { room, token, participant, name, metadata, attributes } = options;
  const { profile, role, priority, preempt, audioRanking, resume = true } = options;
  const data = directions(options.data ?? {});
  return {
    type: 'join',
    room,
    ...(token !== undefined && { token }),
    ...(participant !== undefined && { participant }),
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
    ...(attributes !== undefined && { attributes }),
    offer,
    options: {
      autoSubscribe: autoSubscribeOf(options),
      ...(profile !== undefined && { profile }),
      ...(role !== undefined && { role }),
      ...(priority !== undefined && { priority }),
      ...(preempt !== undefined && { preempt }),
      ...(audioRanking === false && { audioRanking }),
      ...(data && { data }),
      ...(resume && { resume }),
    },
  };
}

/** How the same participant joins anew after a break: as it was last. */
export function rejoinOptions(options: JoinOptions, me: LocalParticipant): JoinOptions {
  const { name, metadata, attributes } = me.info;
  return {
    ...options,
    participant: me.id,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
    ...(attributes !== undefined && { attributes }),
    role: me.role,
    // Who lost its priority to somebody else lost it for good.
    ...(options.priority !== undefined && { priority: me.priority }),
    ...(options.preempt !== undefined && { preempt: options.preempt && me.priority === 'high' }),
  };
}

function directions(data: { publish?: boolean; subscribe?: boolean }): DataDirection[] | undefined {
  const { publish = true, subscribe = true } = data;
  if (publish && subscribe) return undefined;
  const chosen: DataDirection[] = [];
  if (publish) chosen.push('publish');
  if (subscribe) chosen.push('subscribe');
  return chosen;
}

function oneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new MartletError('invalidArgument', `${name} is one of ${allowed.join(', ')}.`);
}
