// What MediaCodecs needs of libopus, libvpx and FFmpeg (libavcodec, libswscale, libswresample).
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIACODECS_H
#define MARTLET_CMEDIACODECS_H

#include <stdint.h>

// No header of the libraries is included here: their types stay inside this target. Functions answer with a count or a
// flag from 0, or with one of these. A handle is used by one thread at a time. Offsets and counts are checked by the
// Swift side; what comes from the network is checked by the libraries.
enum {
    MARTLET_CODEC_NO_MEMORY = -1,
    MARTLET_CODEC_NOT_IN_BUILD = -2,  // the library has no such codec
    MARTLET_CODEC_REFUSED = -3,       // the library refuses these settings
    MARTLET_CODEC_DAMAGED = -4,       // the input cannot be decoded
    MARTLET_CODEC_NO_ROOM = -5,       // the output does not fit
    MARTLET_CODEC_FAILED = -6,        // anything else
};

// ---- Opus (RFC 6716). Sample counts are those of one channel, at 48 kHz; samples are interleaved. ----

typedef struct martlet_opus_encoder martlet_opus_encoder;
// NULL without memory. `is_music` chooses between OPUS_APPLICATION_AUDIO and OPUS_APPLICATION_VOIP.
martlet_opus_encoder *martlet_opus_encoder_new(int channels, int is_music);
void martlet_opus_encoder_free(martlet_opus_encoder *encoder);
int martlet_opus_encoder_set_bit_rate(martlet_opus_encoder *encoder, int bits_per_second);
int martlet_opus_encoder_set_loss(martlet_opus_encoder *encoder, int is_fec_on, int loss_percent);
int martlet_opus_encoder_set_dtx(martlet_opus_encoder *encoder, int is_on);
int martlet_opus_encoder_set_complexity(martlet_opus_encoder *encoder, int complexity);
// The delay of the encoder in samples.
int martlet_opus_encoder_lookahead(martlet_opus_encoder *encoder);
// The packet's bytes.
int martlet_opus_encoder_encode(martlet_opus_encoder *encoder, const int16_t *samples, int sample_count,
                                uint8_t *out, int capacity);

typedef struct martlet_opus_decoder martlet_opus_decoder;
martlet_opus_decoder *martlet_opus_decoder_new(int channels);
void martlet_opus_decoder_free(martlet_opus_decoder *decoder);
// Another decoder in the same state, with the same number of channels; NULL without memory.
martlet_opus_decoder *martlet_opus_decoder_copy(const martlet_opus_decoder *decoder, int channels);
// Samples decoded. Without `packet` the sound before is continued for `sample_count`; with `is_fec` the packet's copy of the one
// before is decoded, which took `sample_count`.
int martlet_opus_decoder_decode(martlet_opus_decoder *decoder, const uint8_t *packet, int packet_count,
                                int16_t *out, int sample_count, int is_fec);
// The samples a packet holds.
int martlet_opus_packet_samples(const uint8_t *packet, int packet_count);

// ---- Pictures. ----

enum { MARTLET_CODEC_H264 = 0, MARTLET_CODEC_VP8 = 1, MARTLET_CODEC_VP9 = 2, MARTLET_CODEC_AV1 = 3 };

// I420: u and v have (width + 1) / 2 samples in (height + 1) / 2 rows.
typedef struct {
    uint8_t *y, *u, *v;
    int y_stride, c_stride, width, height;
} martlet_planes;
typedef struct {
    const uint8_t *y, *u, *v;
    int y_stride, c_stride, width, height;
} martlet_const_planes;

typedef struct martlet_video_decoder martlet_video_decoder;
typedef struct {
    int width, height;
    int is_damaged;  // something of it was guessed
    int64_t timestamp;
} martlet_picture_info;
// On failure `status` holds why.
martlet_video_decoder *martlet_video_decoder_new(int codec, int64_t pixels_max, int threads, int *status);
void martlet_video_decoder_free(martlet_video_decoder *decoder);
// 1 if a picture is there, 0 if not.
int martlet_video_decoder_decode(martlet_video_decoder *decoder, const uint8_t *bytes, int count,
                                 int64_t timestamp, martlet_picture_info *info);
// Writes the picture that is there, whose size `to` must have; each stride a multiple of 64, 64 bytes free behind the last row.
int martlet_video_decoder_copy(martlet_video_decoder *decoder, martlet_planes to);
// Forgets everything before.
void martlet_video_decoder_flush(martlet_video_decoder *decoder);

typedef struct martlet_video_encoder martlet_video_encoder;
typedef struct {
    int codec, width, height, frame_rate, bits_per_second, threads;
} martlet_video_settings;
typedef struct {
    const uint8_t *bytes;  // until the next call
    int count, is_keyframe;
} martlet_encoded;
martlet_video_encoder *martlet_video_encoder_new(martlet_video_settings settings, int *status);
void martlet_video_encoder_free(martlet_video_encoder *encoder);
int martlet_video_encoder_set_rate(martlet_video_encoder *encoder, int bits_per_second, int frame_rate);
// 1 if the picture was encoded, 0 if it was left out to hold the rate.
int martlet_video_encoder_encode(martlet_video_encoder *encoder, martlet_const_planes from,
                                 int64_t timestamp_microseconds, int is_keyframe_wanted, martlet_encoded *out);

enum {
    MARTLET_PIXELS_I420 = 0,
    MARTLET_PIXELS_NV12 = 1,
    MARTLET_PIXELS_NV21 = 2,
    MARTLET_PIXELS_BGRA = 3,
    MARTLET_PIXELS_RGB24 = 4,
    MARTLET_PIXELS_BGR24 = 5,
};
typedef struct {
    int format, width, height;
    const uint8_t *planes[3];
    int strides[3];
} martlet_image;
typedef struct {
    int x, y, width, height;
} martlet_rectangle;

typedef struct martlet_picture_converter martlet_picture_converter;
martlet_picture_converter *martlet_picture_converter_new(void);
void martlet_picture_converter_free(martlet_picture_converter *converter);
// Draws `crop` of `from`, turned clockwise by `quarter_turns`, into `place` of `to`. x and y of both are even.
int martlet_picture_converter_convert(martlet_picture_converter *converter, martlet_image from,
                                      martlet_rectangle crop, int quarter_turns, martlet_planes to,
                                      martlet_rectangle place);

// ---- Other sound. Samples are interleaved and counted for one channel. ----

typedef struct martlet_sound_converter martlet_sound_converter;
martlet_sound_converter *martlet_sound_converter_new(int rate_in, int channels_in, int rate_out, int channels_out);
void martlet_sound_converter_free(martlet_sound_converter *converter);
// The most samples that come out if `sample_count` go in.
int martlet_sound_converter_capacity(martlet_sound_converter *converter, int sample_count);
// What waits inside, in samples going out.
int64_t martlet_sound_converter_delay(martlet_sound_converter *converter);
// Samples written; with `samples` NULL what waits inside.
int martlet_sound_converter_convert(martlet_sound_converter *converter, const int16_t *samples,
                                    int sample_count, int16_t *out, int capacity);

// AAC-LC in ADTS frames (ISO/IEC 13818-7 §6.2).
typedef struct martlet_aac_encoder martlet_aac_encoder;
martlet_aac_encoder *martlet_aac_encoder_new(int rate, int rate_index, int channels, int bits_per_second, int *status);
void martlet_aac_encoder_free(martlet_aac_encoder *encoder);
// Samples by which the sound begins late.
int martlet_aac_encoder_padding(martlet_aac_encoder *encoder);
// The bytes of a frame, or 0 if none is ready. 1,024 samples, or NULL for what waits inside.
int martlet_aac_encoder_encode(martlet_aac_encoder *encoder, const int16_t *samples, uint8_t *out, int capacity);

typedef struct martlet_aac_decoder martlet_aac_decoder;
typedef struct {
    int rate, channels, sample_count;
} martlet_sound_info;
martlet_aac_decoder *martlet_aac_decoder_new(int *status);
void martlet_aac_decoder_free(martlet_aac_decoder *decoder);
// Samples decoded from one ADTS frame, of one or two channels; 0 if none came.
int martlet_aac_decoder_decode(martlet_aac_decoder *decoder, const uint8_t *bytes, int count, int16_t *out,
                               int capacity, martlet_sound_info *info);

#endif
