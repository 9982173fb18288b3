// What MediaFiles needs of FFmpeg: libavformat to read and write, libavcodec for any codec a file has.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIAFILES_H
#define MARTLET_CMEDIAFILES_H

#include <stdint.h>

// No header of the libraries is included here: their types stay inside this target. Functions answer with a count or a
// flag from 0, or with one of these. A handle is used by one thread at a time, but for the stop. Times are nanoseconds.
enum {
    MARTLET_FILE_NO_MEMORY = -1,
    MARTLET_FILE_NOT_FOUND = -2,
    MARTLET_FILE_NO_ACCESS = -3,   // not for this user, or no file at all
    MARTLET_FILE_NOT_MEDIA = -4,   // nothing that is known, or damaged beyond reading
    MARTLET_FILE_NO_STREAMS = -5,  // neither pictures nor sound
    MARTLET_FILE_TIMED_OUT = -6,
    MARTLET_FILE_STOPPED = -7,
    MARTLET_FILE_REFUSED = -8,     // a list of other files, or settings a container does not take
    MARTLET_FILE_NO_SEEKING = -9,
    MARTLET_FILE_NOT_IN_BUILD = -10,
    MARTLET_FILE_FAILED = -11,     // anything else
};
enum { MARTLET_FILE_TEXT_BYTES = 128 };

// What makes waiting calls return; any thread may ask for it at any time.
typedef struct martlet_file_stop martlet_file_stop;
martlet_file_stop *martlet_file_stop_new(void);
void martlet_file_stop_free(martlet_file_stop *stop);
void martlet_file_stop_now(martlet_file_stop *stop);
int martlet_file_stop_is_set(martlet_file_stop *stop);

// ---- Packets, which never change once they are made. ----

typedef struct martlet_file_packet martlet_file_packet;
typedef struct {
    int is_picture, is_keyframe;
    int64_t presentation, decoding, duration;
    const uint8_t *bytes;  // as long as the packet
    int count;
} martlet_file_packet_info;
martlet_file_packet_info martlet_file_packet_look(const martlet_file_packet *packet);
void martlet_file_packet_free(martlet_file_packet *packet);

// ---- What a decoder must know of a stream; never changes once it is made. ----

typedef struct martlet_file_parameters martlet_file_parameters;
void martlet_file_parameters_free(martlet_file_parameters *parameters);

enum {
    MARTLET_FILE_OTHER = 0,
    MARTLET_FILE_H264 = 1,
    MARTLET_FILE_VP8 = 2,
    MARTLET_FILE_VP9 = 3,
    MARTLET_FILE_AV1 = 4,
    MARTLET_FILE_OPUS = 5,
    MARTLET_FILE_AAC = 6,
    MARTLET_FILE_PCM = 7,  // of 16 bits, little-endian
};
typedef struct {
    int codec;
    char codec_name[32];
    int profile;  // FFmpeg's number, or below 0
    // Pictures
    int width, height, quarter_turns;  // to be turned clockwise by
    double frame_rate;                 // 0 if unknown
    int is_8_bit_420, is_interlaced, reordered_count;
    // Sound
    int rate, channels;
} martlet_file_stream_info;

// ---- Reading. ----

typedef struct martlet_file_reader martlet_file_reader;
typedef struct {
    const char *url;
    int is_local;
    const char *protocols;  // separated by commas
    int64_t open_timeout, read_timeout, pixels_max;
    int is_certificate_checked;
} martlet_file_source;
// `text` takes MARTLET_FILE_TEXT_BYTES: why it failed, in FFmpeg's words. The stop must live longer than the reader.
martlet_file_reader *martlet_file_reader_new(martlet_file_source source, martlet_file_stop *stop, int *status, char *text);
void martlet_file_reader_free(martlet_file_reader *reader);
// 0 if it is unknown, as of what is live.
int64_t martlet_file_reader_duration(martlet_file_reader *reader);
// Takes at most 31 bytes of it into `name`, which has 32.
void martlet_file_reader_format(martlet_file_reader *reader, char *name);
// 1 and the parameters, which are the caller's, if there is such a stream; 0 if not.
int martlet_file_reader_stream(martlet_file_reader *reader, int is_picture, martlet_file_stream_info *info,
                               martlet_file_parameters **parameters);
// 1 and a packet, which is the caller's; 0 at the end.
int martlet_file_reader_read(martlet_file_reader *reader, martlet_file_packet **packet, char *text);
int martlet_file_reader_seek_to_start(martlet_file_reader *reader, char *text);

// ---- Decoding whatever FFmpeg can. ----

typedef struct martlet_file_decoder martlet_file_decoder;
martlet_file_decoder *martlet_file_decoder_new(const martlet_file_parameters *parameters, int64_t pixels_max, int threads,
                                               int *status);
void martlet_file_decoder_free(martlet_file_decoder *decoder);
// Gives a packet, or the end with NULL. What came out before must have been taken.
int martlet_file_decoder_send(martlet_file_decoder *decoder, const martlet_file_packet *packet);
// Forgets everything before.
void martlet_file_decoder_flush(martlet_file_decoder *decoder);

typedef struct {
    const uint8_t *y, *u, *v;  // I420 until the next call
    int y_stride, c_stride, width, height;
    int64_t time;
} martlet_file_picture;
// 1 and a picture, or 0 if there is none yet.
int martlet_file_decoder_picture(martlet_file_decoder *decoder, martlet_file_picture *picture);

typedef struct {
    const int16_t *samples;  // interleaved, 48 kHz, until the next call
    int sample_count;        // of each channel
    int64_t time;
} martlet_file_sound;
// 1 and sound of `channels`, 1 or 2, or 0 if there is none yet.
int martlet_file_decoder_sound(martlet_file_decoder *decoder, int channels, martlet_file_sound *sound);

// ---- Writing. ----

enum {
    MARTLET_CONTAINER_MP4 = 0,
    MARTLET_CONTAINER_MATROSKA = 1,
    MARTLET_CONTAINER_WEBM = 2,
    MARTLET_CONTAINER_WAV = 3,
    MARTLET_CONTAINER_OGG = 4,
    MARTLET_CONTAINER_H264 = 5,
    MARTLET_CONTAINER_ADTS = 6,
};
typedef struct martlet_file_writer martlet_file_writer;
typedef struct {
    int codec;  // MARTLET_FILE_OTHER: there is no such track
    int width, height;
    int rate, channels;
    const uint8_t *setup;  // parameter sets or the codec's head; NULL for none
    int setup_count;
} martlet_file_track;
// Makes the file, or empties it.
martlet_file_writer *martlet_file_writer_new(const char *path, int container, int *status, char *text);
void martlet_file_writer_free(martlet_file_writer *writer);
// Writes the container's head.
int martlet_file_writer_begin(martlet_file_writer *writer, martlet_file_track picture, martlet_file_track sound,
                              char *text);
int martlet_file_writer_write(martlet_file_writer *writer, int is_picture, const uint8_t *bytes, int count, int64_t time,
                              int64_t duration, int is_keyframe, char *text);
// Writes what waits and the container's end, and closes the file.
int martlet_file_writer_finish(martlet_file_writer *writer, char *text);
// The setup that a keyframe of H.264 or AV1 carries: its bytes, 0 if it has none.
int martlet_file_setup(int codec, const uint8_t *bytes, int count, uint8_t *out, int capacity);

#endif
