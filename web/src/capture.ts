// Cameras, microphones, screens: opening them, listing them, and errors that say what to do.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from './MartletError';

/** How a microphone is opened. */
export interface MicrophoneOptions {
  deviceId?: string;
  echoCancellation?: boolean;
  noiseSuppression?: boolean;
  autoGainControl?: boolean;
}

/** How a camera is opened. Sizes in pixels; the browser takes what comes nearest. */
export interface CameraOptions {
  deviceId?: string;
  /** Which camera of a phone. */
  facingMode?: 'user' | 'environment';
  width?: number;
  height?: number;
  frameRate?: number;
}

/** How a screen is captured. */
export interface ScreenOptions {
  /** Asks for the sound too, where browser and user allow it. */
  audio?: boolean;
  frameRate?: number;
}

/** The kinds of device that can be chosen. */
export type DeviceKind = 'audioinput' | 'videoinput' | 'audiooutput';

/** A camera, microphone or loudspeaker. */
export interface Device {
  readonly kind: DeviceKind;
  readonly deviceId: string;
  /** For people; empty until the page may use a device of that kind. */
  readonly label: string;
}

/** Opens a microphone. */
export async function captureMicrophone(options: MicrophoneOptions): Promise<MediaStreamTrack> {
  const audio: MediaTrackConstraints = {
    echoCancellation: options.echoCancellation ?? true,
    noiseSuppression: options.noiseSuppression ?? true,
    autoGainControl: options.autoGainControl ?? true,
    ...device(options.deviceId),
  };
  return one(await capture('microphone', (devices) => devices.getUserMedia({ audio })));
}

/** Opens a camera. */
export async function captureCamera(options: CameraOptions): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = {
    width: { ideal: options.width ?? 1280 },
    height: { ideal: options.height ?? 720 },
    frameRate: { ideal: options.frameRate ?? 30 },
    ...(options.facingMode && { facingMode: options.facingMode }),
    ...device(options.deviceId),
  };
  return one(await capture('camera', (devices) => devices.getUserMedia({ video })));
}

/** Lets the user choose a screen, window or tab. */
export async function captureScreen(
  options: ScreenOptions,
): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | undefined }> {
  const stream = await capture('screen', (devices) => {
    if (typeof devices.getDisplayMedia !== 'function') {
      throw new MartletError('unsupportedBrowser', 'This browser cannot share the screen.');
    }
    return devices.getDisplayMedia({
      video: { frameRate: { ideal: options.frameRate ?? 15 } },
      audio: options.audio ?? false,
    });
  });
  const video = stream.getVideoTracks()[0];
  if (!video) throw new MartletError('deviceNotFound', 'The browser gave no screen.');
  // Text must stay readable: sharpness goes before smoothness.
  if ('contentHint' in video) video.contentHint = 'detail';
  return { video, audio: stream.getAudioTracks()[0] };
}

/** The devices there are, in the browser's order. */
export async function listDevices(): Promise<Device[]> {
  if (!mediaDevices()) return [];
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter((device) => device.deviceId !== '')
    .map(({ kind, deviceId, label }) => ({ kind, deviceId, label }));
}

/** The browser's devices; absent where the page is no secure context. */
export function mediaDevices(): MediaDevices | undefined {
  return typeof navigator === 'undefined' ? undefined : navigator.mediaDevices;
}

type Thing = 'microphone' | 'camera' | 'screen';

async function capture(
  thing: Thing,
  open: (devices: MediaDevices) => Promise<MediaStream>,
): Promise<MediaStream> {
  const devices = mediaDevices();
  if (!devices) {
    throw new MartletError(
      'unsupportedBrowser',
      `The ${thing} can be used only on pages served over HTTPS, or from this very machine.`,
    );
  }
  try {
    return await open(devices);
  } catch (error) {
    throw captureError(thing, error);
  }
}

/** The error of a capture in words of the user. */
export function captureError(thing: Thing, error: unknown): MartletError {
  if (error instanceof MartletError) return error;
  switch ((error as { name?: unknown }).name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new MartletError('deviceDenied', `Using the ${thing} was not allowed.`, {
        cause: error,
      });
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new MartletError('deviceNotFound', `No ${thing} was found.`, { cause: error });
    default:
      return new MartletError(
        'deviceBusy',
        `The ${thing} cannot be opened; something else may be using it.`,
        { cause: error },
      );
  }
}

function device(deviceId: string | undefined): MediaTrackConstraints {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

function one(stream: MediaStream): MediaStreamTrack {
  const track = stream.getTracks()[0];
  if (!track) throw new MartletError('deviceNotFound', 'The browser gave no track.');
  return track;
}
