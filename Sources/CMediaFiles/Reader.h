// What a reader is made of.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIAFILES_READER_H
#define MARTLET_CMEDIAFILES_READER_H

#include <libavcodec/bsf.h>

#include "Files.h"

// Where a stream stands on the timeline.
typedef struct {
    int index;           // below 0: there is none
    int64_t last, next;  // when the last packet was to be decoded, and the next will be
    int has_last;
} martlet_stream_place;

struct martlet_file_reader {
    martlet_file_stop *stop;
    int64_t deadline, read_timeout;
    AVIOContext *input;  // of a file; the format does not own it
    AVFormatContext *format;
    AVBSFContext *filter;  // NULL unless H.264 is stored with lengths
    AVPacket *packet;
    martlet_stream_place picture, sound;
    int64_t first;   // when the first packet was to be decoded, in microseconds of the source
    int has_first;
    int64_t origin;  // the time of the file that is 0 on the timeline
    int64_t offset;  // where the current round begins
    int64_t end;     // where what was read ends
    uint8_t *sets;   // the last parameter sets in the stream, as a byte stream
    int sets_count;
};

// Sees to it that the keyframe in `packet` has its parameter sets before it, and that only keyframes are called so.
int martlet_complete_keyframe(martlet_file_reader *reader);

#endif
